"""`alarp results`: what did a tool say of each study? For the comparison with the human reports (silent run, audit)."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import Any

import typer

from alarp.cli import answers
from alarp.cli.named import deployment_named

COLUMNS = (
    "study", "accession", "station", "route", "received_at", "returned_at", "state", "modality", "score", "decision",
    "version",
)  # fmt: skip


def _rows(deployment: Any) -> Iterator[dict[str, Any]]:
    """The results in the order in which they came back."""
    from alarp.records.ledger.models import Result

    found = Result.objects.filter(dispatch__deployment=deployment).select_related("dispatch__study")
    for result in found.order_by("matched_at", "pk").iterator(chunk_size=1000):
        study = result.dispatch.study
        yield {
            "study": study.pk,
            "accession": study.accession,
            "station": study.station,
            "route": result.dispatch.route_when_sent,
            "received_at": study.first_received_at.isoformat(),
            "returned_at": result.matched_at.isoformat(),
            "state": result.state,
            "modality": result.modality,
            "score": result.summary.get("score"),
            "decision": result.summary.get("decision", ""),
            "version": result.summary.get("version", ""),
        }


def results(
    deployment: str = typer.Argument(..., help="The deployment's slug."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON; a table in CSV when left out."),
) -> None:
    """Print every result of a tool, one line each. Accession numbers are identifiers: keep the file as such."""
    from alarp.records import boot

    boot()
    found = deployment_named(deployment)
    if as_json:
        answers.as_json(list(_rows(found)))
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    writer.writerows(_rows(found))
