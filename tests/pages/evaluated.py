"""A deployment whose evaluation was planned, locked, run and compared, for the pages on evaluations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PROTOCOL = """\
title: NoduleFlag on our chest films
version: 1
kind: detection
product: {{name: {name}, version: "{number}"}}
cases: cases.csv
columns: {{case: case, truth: truth, score: score}}
positive: nodule
negative: none
higher_means: disease
threshold: 0.5
unit: study
intended_use: suspicious films are read first
population: adults, chest films asked for by a GP
reference_standard:
  kind: panel
  description: two radiologists, a third where they differ
  readers: 2
  adjudication: a third reader decides
  blinded: true
design: retrospective
data_source: 90 consecutive films, spring 2026
subgroups: [scanner]
claims:
  - {{measure: sensitivity, at_least: 0.8}}
  - {{measure: specificity, at_least: 0.7, on: low}}
"""


def cases_csv(flip: int = 0) -> bytes:
    """Ninety films of two scanners; the tool misses some nodules, says nothing of one film, and flags some healthy."""
    rows = []
    for number in range(90):
        ill = number % 3 == 0
        score = 0.9 if ill else 0.1
        if number % 11 == 5 or (flip and number % flip == 0):
            score = 1 - score
        said = "" if number == 41 else f"{score + number % 7 / 100:.2f}"
        rows.append(f"c{number:03},{'nodule' if ill else 'none'},{said},{'A' if number % 2 else 'B'}")
    return ("case,truth,score,scanner\n" + "\n".join(rows) + "\n").encode()


def evaluate(deployment: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """A locked protocol with a run, and the same plan for another product beside it; the example is the first."""
    from alarp.records import clock
    from alarp.records.deployments.commands import StepUp
    from alarp.records.products.models import Version
    from alarp.records.protocols import commands

    physicist = person("lead-physicist")
    other = (
        Version.objects.select_related("product").exclude(product=deployment.version.product).earliest("pk")
    )
    numbers = []
    for version, flip in ((deployment.version, 0), (other, 4)):
        text = PROTOCOL.format(name=version.product.name, number=version.number)
        protocol = commands.start_protocol(deployment, text, version=version, by=physicist)
        digest = protocol.revisions.get().digest
        commands.lock_protocol(protocol, digest, StepUp("password", clock.now()), by=physicist)
        test_set = commands.add_uploaded(
            deployment, "90 consecutive films", {"cases.csv": cases_csv(flip)}, by=physicist
        )
        run = commands.ask_run(protocol, test_set, by=physicist)
        do(run.pk)
        numbers.append((protocol.number, test_set.number, run.number))
    return dict(zip(("protocol", "test_set", "run"), numbers[0], strict=True)) | {"kept": "result"}


def do(run: int) -> None:
    """The run as its own process would do it."""
    from alarp.cli import site_run
    from alarp.records.protocols.doors import running

    hold = running.take(run, "set-up")
    assert hold is not None
    site_run.do(hold)
