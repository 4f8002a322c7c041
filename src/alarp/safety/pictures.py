"""Which picture and which tables show a risk scheme and a log scored by it? Data only, for `alarp.report`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alarp.safety import log as counts
from alarp.safety.hazard import Hazard
from alarp.safety.scheme import RiskScheme

Part = dict[str, Any]


def table(caption: str, columns: list[str], rows: list[list[str]], note: str = "") -> Part:
    """A table as data: caption, column headings, rows of text (the first cell heads its row)."""
    return {"caption": caption, "columns": columns, "rows": rows, "note": note}


def matrix_chart(hazards: Iterable[Hazard], scheme: RiskScheme) -> Part:
    """Which picture shows how many hazards lie in which cell, before the controls and after?"""
    log = tuple(hazards)
    before, after = counts.initial_matrix(log, scheme), counts.residual_matrix(log, scheme)
    cells = [
        {
            "when": when,
            "severity": scheme.severity(cell.severity).word,
            "likelihood": scheme.likelihood(cell.likelihood).word,
            "level": cell.level,
            "count": cell.count,
        }
        for when, found in (("Initial", before), ("Residual", after))
        for cell in found.cells
    ]
    rows = [
        [f"Level {level}: {scheme.rule(level).rule}", str(before.at_level(level)), str(after.at_level(level))]
        for level in sorted((r.level for r in scheme.rules), reverse=True)
    ]
    return {
        "chart": "risk-matrix",
        "title": "Hazards by severity and likelihood, before and after control",
        "description": "; ".join(f"level {r.level}: {before.at_level(r.level)} before, {after.at_level(r.level)} after"
                                 for r in scheme.rules),
        "severities": [s.word for s in sorted(scheme.severities, key=lambda s: s.level)],
        "likelihoods": [s.word for s in sorted(scheme.likelihoods, key=lambda s: -s.level)],
        "cells": cells,
        "table": table("Hazards by risk level", ["Level", "Initial", "Residual"], rows),
    }  # fmt: skip


def scheme_tables(scheme: RiskScheme) -> list[Part]:
    """The declared scheme as tables: severity by patients, likelihood, grid, what each level asks."""
    severities = sorted(scheme.severities, key=lambda s: -s.level)
    likelihoods = sorted(scheme.likelihoods, key=lambda s: -s.level)
    across = [s.word for s in reversed(severities)]
    return [
        table("Severity", ["Severity", "If one patient", "If several patients"],
               [[f"{s.level} {s.word}", s.one or "no such step", s.several or "no such step"] for s in severities]),
        table("Likelihood", ["Likelihood", "Meaning"], [[f"{s.level} {s.word}", s.meaning] for s in likelihoods]),
        table("The grid", ["Likelihood", *across],
               [[step.word, *(str(level) for level in scheme.grid[step.level - 1])] for step in likelihoods]),
        table("What each level asks", ["Level", "Rule"],
               [[str(r.level), r.rule] for r in sorted(scheme.rules, key=lambda r: -r.level)]),
    ]  # fmt: skip
