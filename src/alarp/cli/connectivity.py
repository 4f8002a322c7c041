"""`alarp connectivity`: do the connections of a deployment work?"""

from __future__ import annotations

import time
from typing import Any

import typer

from alarp.cli import answers
from alarp.cli.named import deployment_named, person_named
from alarp.kernel import Unavailable

SIGNS = {True: "passed", False: "FAILED", None: "told  "}


def connectivity(
    deployment: str = typer.Argument(..., help="The deployment's short name."),
    by: str = typer.Option(..., "--by", help="User name of who asks; the signed report carries their name."),
    wait_s: float = typer.Option(120.0, help="How long to wait for a worker's report, in seconds."),
    as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
) -> None:
    """Have a worker test every connection and sign its report. Leaves with 1 when something does not work."""
    from alarp.records import boot

    boot()
    from alarp.records.governance import commands

    found, person = deployment_named(deployment), person_named(by)
    report = _reported(commands.ask_self_test(found, by=person), wait_s)
    if as_json:
        answers.as_json(
            {
                "number": report.test.number,
                "passed": report.passed,
                "evidence": report.evidence.sha256 if report.evidence else "",
                "note": report.note,
                "findings": report.findings,
            }
        )
    else:
        _tell(report)
    if not report.passed:
        raise typer.Exit(1)


def _reported(test: Any, wait_s: float) -> Any:
    from alarp.records.governance.models import SelfTestReport

    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        report = SelfTestReport.objects.select_related("test", "evidence").filter(test=test).first()
        if report is not None:
            return report
        time.sleep(0.3)
    raise Unavailable(
        f"No worker has reported within {wait_s:g} s; see that `alarp worker` runs, the test is still queued."
    )


def _tell(report: Any) -> None:
    from alarp.records.governance.documents import figure

    for one in report.findings:
        measured = figure(one)
        typer.echo(
            f"{SIGNS[one['passed']]}  {one['about']}: {one['sentence']}"
            + (f" [{measured}]" if measured else "")
        )
    signed = f"signed as evidence {report.evidence.sha256[:12]}…" if report.evidence else report.note
    typer.echo(f"Self-test {report.test.number} {'passed' if report.passed else 'did not pass'}; {signed}")
