"""Which stage follows which, and what opens each gate? Writes docs/reference/states.md from the code and the pathway.

With `--check` nothing is written; a stale page is named and the exit code is 1.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from generated import deliver

from alarp.kernel import Stage
from alarp.pathway import TRANSITIONS, Event, Gate, RouteFacts, Transition, route
from alarp.standards import load_pathway, load_roles

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "states.md"

INTRODUCTION = """\
# Stages and gates

<!-- written by tools/docs_states.py: `make docs` -->

Where a deployment stands is its **stage**; a **gate** is the door out of it. The table of transitions in
`alarp.pathway.states` is the only way to move, and the route that the gateway may use follows from the stage and the
signed decisions at the moment of asking. Why it is so: [Gates and evidence](../explanation/gates-and-evidence.md).
"""


def _name(stage: Stage) -> str:
    return stage.value.replace("-", "_")


def _label(rows: list[Transition]) -> str:
    gates = list(dict.fromkeys(row.gate for row in rows))
    word = rows[0].event.value
    return (
        f"{word}: {gates[0] if len(gates) == 1 else 'any gate before it' if word == 're-opened' else 'all'}"
    )


def diagram() -> str:
    """The transitions as a Mermaid state diagram; loops onto the same stage are in the table only."""
    arrows: dict[tuple[Stage, Stage, Event], list[Transition]] = defaultdict(list)
    for row in TRANSITIONS:
        if row.stage is not row.next:
            arrows[row.stage, row.next, row.event].append(row)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_name(Stage.NEED)}: proposed"]
    lines += [
        f"    {_name(stage)}: {stage.value}<br/>route {route(RouteFacts(stage)).state}" for stage in Stage
    ]
    for (begin, end, event), rows in arrows.items():
        label = "re-opened: any gate" if len(rows) > 1 and event is Event.REOPENED else _label(rows)
        lines.append(f"    {_name(begin)} --> {_name(end)}: {label}")
    return "\n".join([*lines, f"    {_name(Stage.RETIRED)} --> [*]", "```"])


def routes() -> str:
    rows = [f"| {s.value} | {(r := route(RouteFacts(s))).state} | {r.reason} |" for s in Stage]
    return "\n".join(["| stage | route | reason shown |", "|---|---|---|", *rows])


def transitions() -> str:
    """Every row of the table; rows that differ in the gate alone are told together."""
    told: dict[tuple[Stage, Event, Stage], list[str]] = defaultdict(list)
    for row in TRANSITIONS:
        told[row.stage, row.event, row.next].append(row.gate)
    order = list(Stage)
    rows = [
        f"| {stage} | {event} | {', '.join(gates)} | {end} |"
        for (stage, event, end), gates in sorted(told.items(), key=lambda item: order.index(item[0][0]))
    ]
    return "\n".join(["| stage | event | at gate | next stage |", "|---|---|---|---|", *rows])


def gate_table(gate: Gate, titles: dict[str, str]) -> str:
    signers = ", ".join(titles[role] for role in gate.roles)
    bound = "Bound to the exact version." if gate.version_bound else "Counts for the product in any version."
    rows = [
        f"| {c.slug} | {c.asks} | {c.evidence_kind} | {titles[c.role]}"
        f"{'' if c.meaning == 'approve' else f' ({c.meaning})'} | {_days(c.valid_days)} | {c.source} |"
        for c in gate.criteria
    ]
    return "\n".join(
        [
            f"### {gate.title} (`{gate.slug}`)",
            "",
            f"{gate.question} {bound} Signed by: {signers}.",
            "",
            "| criterion | asks | kind of evidence | signed by | valid | source |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _days(days: int | None) -> str:
    return "no end" if days is None else f"{days} days"


def page() -> str:
    pathway = load_pathway()
    titles = {role.slug: role.title for role in load_roles()}
    required = ", ".join(role.title for role in load_roles() if role.required_in_team)
    parts = [
        INTRODUCTION,
        diagram(),
        "",
        "## Routes",
        "",
        "An open hold, a closing by hand, a gate without its whole set of valid signatures or lapsed evidence closes",
        "the route in every stage.",
        "",
        routes(),
        "",
        "## Transitions",
        "",
        transitions(),
        "",
        f"## Gates of {pathway.version}",
        "",
        f"{pathway.title}, published {pathway.published.isoformat()}. {len(pathway.all_gates)} gates, "
        f"{sum(len(g.criteria) for g in pathway.all_gates)} criteria. The need gate also asks that these roles are "
        f"filled in the team: {required}.",
        "",
        *(gate_table(gate, titles) for gate in pathway.all_gates),
    ]
    return "\n".join(parts).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
