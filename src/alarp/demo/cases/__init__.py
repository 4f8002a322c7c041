"""What do the people of the demonstration hospital write about each tool? Their words, one file for each tool.

Everything is fictional; published figures carry their source where they stand. The cost case, the hazard log and the
training module of a tool are files of their own, in the forms that `alarp cost`, the hazard log's import and
`alarp training import` read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import yaml

from alarp.safety import read_log
from alarp.standards.safety import known

__all__ = ["Case", "Option", "load"]


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer the need, and what speaks for it: scores for benefit, risk and fit."""

    name: str
    kind: str
    note: str
    scores: tuple[int, ...]
    cost: str = ""
    cost_source: str = ""


@dataclass(frozen=True)
class Case:
    """The words about one tool; a tool that is stopped early has only the first of them."""

    tool: str
    involvement: Mapping[str, str]
    ready: Mapping[str, str] = field(default_factory=dict)
    measured_claims: tuple[str, ...] = ()
    said_by: str = ""
    answer: str = ""
    declined: Mapping[str, str] = field(default_factory=dict)
    accepted_because: str = ""
    options: tuple[Option, ...] = ()
    assessed: str = ""
    assessment: Mapping[str, str] = field(default_factory=dict)
    acceptable_because: str = ""
    statement: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    patients: Mapping[str, str] = field(default_factory=dict)
    alarms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    review: tuple[Mapping[str, Any], ...] = ()

    def _file(self, about: str) -> bytes:
        return (files(__name__) / f"{about}-{self.tool}.yaml").read_bytes()

    @property
    def cost(self) -> bytes:
        return self._file("cost")

    @property
    def hazards(self) -> bytes:
        return self._file("hazards")

    @property
    def training(self) -> bytes:
        return self._file("training")

    def residual_levels(self) -> dict[str, int]:
        """Which level of risk is left at each hazard of the log?"""
        rules = known()
        log = read_log(yaml.safe_load(self.hazards), rules)
        return {h.number: rules.scheme.level(h.residual) for h in log if h.residual is not None}

    def _module(self) -> Mapping[str, Any]:
        module: Mapping[str, Any] = yaml.safe_load(self.training)["modules"][0]
        return module

    def module_title(self) -> str:
        return str(self._module()["title"])

    def key(self) -> dict[str, str]:
        """The right answer to each case of the assessment, as the form names them."""
        return {f"case_{n}": str(item["ai"]) for n, item in enumerate(self._module()["items"], start=1)}

    def rules(self, draft: Mapping[str, str]) -> dict[str, str]:
        """What changes in the draft of the alarm rules: limits by monitor, and the review criteria of this tool."""
        changes: dict[str, str] = {}
        for name, monitor in draft.items():
            form, _, last = name.rpartition("-")
            if last == "monitor" and form.startswith("rules-") and monitor in self.alarms:
                changes |= {f"{form}-{key}": str(value) for key, value in self.alarms[monitor].items()}
        count = int(draft["criteria-TOTAL_FORMS"])
        for number, criterion in enumerate(self.review):
            changes |= {f"criteria-{number}-{key}": _text(value) for key, value in criterion.items()}
        for number in range(len(self.review), count):
            changes[f"criteria-{number}-monitor"] = ""  # this one is left out
        changes["criteria-TOTAL_FORMS"] = str(max(count, len(self.review)))
        return changes


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def load(tool: str) -> Case:
    """The words about this tool."""
    table = yaml.safe_load((files(__name__) / f"{tool}.yaml").read_text(encoding="utf-8"))
    options = tuple(Option(**{**row, "scores": tuple(row["scores"])}) for row in table.pop("options", ()))
    review = tuple(table.pop("review", ()))
    claims = tuple(table.pop("measured_claims", ()))
    return Case(tool=tool, options=options, review=review, measured_claims=claims, **table)
