"""An evaluation of a chest tool in small: a protocol, a table of cases, and runs done in this process."""

from __future__ import annotations

from typing import Any

import valley

from alarp.cli import site_run
from alarp.records.protocols import commands
from alarp.records.protocols.doors import running

PROTOCOL = """\
title: Nodules on our chest films
version: {version}
kind: detection
product: {{name: Lungtool, version: "{number}"}}
cases: cases.csv
columns: {{case: case, truth: truth, score: score}}
positive: nodule
negative: none
higher_means: disease
threshold: 0.5
reference_standard: two radiologists, a third where they differ
design: retrospective
data_source: 60 consecutive films
intended_use: reading suspicious films first
claims:
  - {{measure: sensitivity, at_least: 0.8}}
"""


def protocol_text(deployment: Any, version: str = "1", **changes: str) -> str:
    text = PROTOCOL.format(version=version, number=deployment.version.number)
    text = text.replace("Lungtool", deployment.version.product.name)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def cases_csv() -> bytes:
    rows = [
        f"c{n},{'nodule' if n % 3 == 0 else 'none'},{0.9 if n % 3 == 0 and n % 5 else 0.2}" for n in range(60)
    ]
    return ("case,truth,score\n" + "\n".join(rows) + "\n").encode()


def begun(deployment: Any, changed: dict[str, str] | None = None, **more: Any) -> Any:
    text = protocol_text(deployment, **(changed or {}))
    return commands.start_protocol(deployment, text, by=valley.person("lead-physicist"), **more)


def locked(protocol: Any) -> Any:
    digest = protocol.revisions.last().digest
    return commands.lock_protocol(
        protocol, digest, valley.proof_of_self(), by=valley.person("lead-physicist")
    )


def cases(deployment: Any, name: str = "cases.csv", content: bytes | None = None) -> Any:
    return commands.add_uploaded(
        deployment, "Sixty films", {name: content or cases_csv()}, by=valley.person("lead-physicist")
    )


def asked(protocol: Any, test_set: Any) -> Any:
    return commands.ask_run(protocol, test_set, by=valley.person("lead-physicist"))


def done(run: Any) -> Any:
    """The run as its own process would do it."""
    hold = running.take(run.pk, "test")
    assert hold is not None
    site_run.do(hold)
    run.refresh_from_db()
    return run
