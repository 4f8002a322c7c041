"""Which document shows a cost case or an option appraisal? A tagged PDF, or HTML where PDF cannot be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alarp import __version__
from alarp.economics import Option, pounds, story
from alarp.records.appraisals.models import CostCase, OptionAppraisal
from alarp.records.deployments.issuing import Printed, printed
from alarp.standards.economics import load_economics

OPTIONS_SCHEMA = "alarp.options/1"
KINDS = {"do-nothing": "do nothing", "non-ai": "without AI", "ai": "with AI"}


def cost_report(case: CostCase) -> Printed:
    """The cost report as it is issued."""
    return _printed(cost_story(case), f"whole-life-cost-{case.number}")


def cost_story(case: CostCase) -> Mapping[str, Any]:
    """What the report on this case says."""
    provenance = [
        ["Case", f"version {case.number}, saved by {case.by} on {case.at:%d %B %Y}"],
        ["SHA-256 of case and result", case.digest],
        ["Computed by", f"alarp {__version__}"],
    ]
    told: Mapping[str, Any] = story(case.result, provenance=provenance)
    return told


def options_report(appraisal: OptionAppraisal, options: Sequence[Option]) -> Printed:
    """The option appraisal as it is issued."""
    return _printed(options_story(appraisal, options), f"option-appraisal-{appraisal.number}")


def options_story(appraisal: OptionAppraisal, options: Sequence[Option]) -> dict[str, Any]:
    """What the report on these options says: side by side, on the same criteria, without a sum."""
    rules = load_economics(appraisal.rules)
    deployment = appraisal.deployment
    names = ", ".join(f"{o.name} ({KINDS[o.kind.value]})" for o in options)
    return {
        "title": f"Option appraisal: {deployment.use}",
        "lead": f"{deployment.version} at {deployment.site}. Version {appraisal.number}.",
        "warnings": [],
        "summary": [
            f"{len(options)} ways to answer the need were weighed: {names}.",
            "Each has its cost over the whole life and a score from 0 to 5 on the same criteria. No sum is made: "
            "what counts how much is for the people who decide.",
        ],
        "claims": options_table(options, rules),
        "sections": [
            {
                "heading": "Why these scores",
                "paragraphs": [f"{c.title}: {c.asks}." for c in rules.criteria],
                "charts": [],
                "tables": [
                    {
                        "caption": "In words",
                        "columns": ["Option", "Why", "Where the cost comes from"],
                        "rows": [[o.name, o.note, o.cost_source] for o in options],
                        "note": "",
                    }
                ],
            }
        ],
        "provenance": [
            ["Appraisal", f"version {appraisal.number}, saved by {appraisal.by} on {appraisal.at:%d %B %Y}"],
            ["SHA-256 of the options", appraisal.digest],
            ["Rules", appraisal.rules],
        ],
    }


def options_table(options: Sequence[Option], rules: Any) -> dict[str, Any]:
    """The options side by side."""
    return {
        "caption": "Options side by side",
        "columns": ["Option", "Kind", "Whole-life cost", *(c.title for c in rules.criteria)],
        "rows": [
            [
                o.name,
                KINDS[o.kind.value],
                pounds(float(o.cost)),
                *(f"{o.score(c.slug)} of {rules.best_score}" for c in rules.criteria),
            ]
            for o in options
        ],
        "note": "; ".join(f"{c.title}: {c.asks}" for c in rules.criteria) + ".",
    }


def _printed(told: Mapping[str, Any], name: str) -> Printed:
    from alarp.report import document, to_html  # drawing loads slowly: only where a report is made

    return printed(to_html(document(told)), name)
