"""Which story does a clinical safety case report tell? Plain data with the eleven sections, for `alarp.report`.

The sections follow the representative table 6 of the DCB0129 implementation guidance; their headings come in as data.
A reader must be able to find the residual risks with their conditions, the transferred hazards with the controls that
were declared, what is still open, the declared scheme, and what is not reduced as far as reasonably practicable
(the last two: DTAC C1.2.4).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from alarp.safety import log as counts
from alarp.safety.case import ANSWERS, Approval, Chapter, Condition, SafetyCase, Statement
from alarp.safety.hazard import MECHANISMS, ControlState, Hazard, Status
from alarp.safety.pictures import Part, matrix_chart, scheme_tables, table
from alarp.safety.rules import against_hazard, control_states, controlled
from alarp.safety.scheme import RiskScheme, Score

__all__ = ["Approval", "Chapter", "Condition", "SafetyCase", "Statement", "safety_case_story"]


def safety_case_story(case: SafetyCase) -> dict[str, Any]:
    """Which story does this safety case tell? The answer first, then the eleven sections."""
    parts = _parts(case)
    return {
        "title": f"Clinical safety case report: {case.product}",
        "lead": f"{case.site}: {case.use}. Phase: {case.phase}. Hazard log version {case.log_version}, {_day(case.dated)}.",
        "warnings": _warnings(case),
        "summary": _summary(case),
        "claims": residual_table(case),
        "sections": [
            {"heading": f"{c.number}. {c.heading}", "paragraphs": [], "charts": [], "tables": []}
            | parts[c.number]
            for c in sorted(case.chapters, key=lambda c: c.number)
        ],
        "provenance": [
            ["Hazard log", f"version {case.log_version}, SHA-256 {case.log_digest}"],
            ["Risk scheme", f"{case.scheme.version}: {case.scheme.source}"],
            ["Hazard library", case.library],
            ["Made on", _day(case.dated)],
        ],
    }


def _parts(case: SafetyCase) -> dict[int, Part]:
    return {
        1: {
            "paragraphs": [
                f"This report argues whether {case.product} ({case.supplier}) is safe to use at {case.site} for this: "
                f"{case.use}. It speaks of the phase {case.phase.lower()} and of exactly this version.",
                "It is the Trust's own report (DCB0160). The supplier's report (DCB0129) was an input and does not "
                "stand in for it.",
            ]
        },
        2: {
            "tables": [
                table("The system and where it is used", ["What", "Here"], [list(r) for r in case.system])
            ]
        },
        3: {
            "paragraphs": ["Everybody below acts in a named role of this deployment's team."],
            "tables": [
                table(
                    "Who did the safety work",
                    ["Role", "Person", "Registration"],
                    [[a.role, a.person, a.registration or "none"] for a in case.people],
                )
            ],
        },
        4: _analysis(case),
        5: _evaluation(case),
        6: _control(case),
        7: _log(case),
        8: _tests(case),
        9: _statement(case),
        10: _approval(case),
        11: {
            "paragraphs": [
                f"The report speaks of {case.product} and of no other version; a new version re-opens the gate. "
                f"Hazard log version {case.log_version} is kept as it was, under SHA-256 {case.log_digest}."
            ]
        },
    }


def _warnings(case: SafetyCase) -> list[str]:
    found = []
    if case.statement is None:
        found.append("The clinical safety officer has not yet given a statement on this version of the log.")
    elif case.statement.answer == "no":
        found.append("The clinical safety officer says no: the tool must not be used.")
    open_points = not_alarp(case)
    if open_points:
        found.append(
            f"{_counted(len(open_points), 'hazard does', 'hazards do')} not stand yet; see section 9."
        )
    return found


def _summary(case: SafetyCase) -> list[str]:
    before = counts.levels(counts.initial_matrix(case.hazards, case.scheme), case.scheme)
    after = counts.levels(counts.residual_matrix(case.hazards, case.scheme), case.scheme)
    aside = sum(h.set_aside for h in case.hazards)
    lines = [
        f"{_counted(len(case.hazards) - aside, 'hazard', 'hazards')} considered"
        + (f"; {aside} more of the log do not apply here, each with its reason." if aside else "."),
        f"At risk level 4 or 5: {before[5] + before[4]} before the controls, {after[5] + after[4]} after them.",
        f"At level 3: {before[3]} before, {after[3]} after. Nothing at level 4 or 5 can be accepted by anybody.",
    ]
    if case.statement is not None:
        lines.insert(0, f"{ANSWERS[case.statement.answer]} {case.statement.words}")
    return lines


def residual_table(case: SafetyCase) -> Part:
    """Which residual risks does somebody accept, and who did?"""
    rows = [
        [f"{h.number} {h.name}", str(case.scheme.level(h.residual)), _accepted(h, case)]
        for h in case.hazards
        if h.residual is not None and case.scheme.level(h.residual) > 1
    ]
    rows.sort(key=lambda row: (-int(row[1]), row[0]))
    return table(
        "Residual risks above level 1 and who accepted them, highest first",
        ["Hazard", "Level", "Accepted by, because"],
        rows,
        "Risks of level 1 need no acceptance and stand in section 7.",
    )


def _accepted(hazard: Hazard, case: SafetyCase) -> str:
    said = [
        f"{_role(a.role, case)} {a.person}: {a.justification}"
        + (f" (to be reviewed by {_day(a.review_on)})" if a.review_on else "")
        for a in hazard.acceptances
    ]
    return "; ".join(said) or "nobody yet"


def not_alarp(case: SafetyCase) -> list[list[str]]:
    """Which hazards are not shown to be as low as reasonably practicable, and why not?"""
    states = control_states(case.hazards)
    return [
        [f"{h.number} {h.name}", " ".join(found)]
        for h in case.hazards
        if (found := against_hazard(h, case.scheme, states, case.dated))
    ]


def _analysis(case: SafetyCase) -> Part:
    rows = [
        [f"{h.number} {h.name}", "; ".join(h.causes) or "none named", h.effect, h.harm]
        for h in case.hazards
        if not h.set_aside
    ]
    return {
        "paragraphs": [
            f"The log began from a library of hazards of imaging and radiotherapy AI ({case.library}); the team added "
            "its own, and set aside with a reason what does not apply. Normal and fault conditions, the whole clinical "
            "process, messages between systems, and design were considered."
        ],
        "tables": [table("Hazards, causes and harm", ["Hazard", "Causes", "Effect", "Harm"], rows)],
    }


def _evaluation(case: SafetyCase) -> Part:
    scored = [h for h in case.hazards if h.initial is not None and h.residual is not None]
    rows = [
        [
            f"{h.number} {h.name}",
            _score(h.initial, case.scheme),
            _score(h.residual, case.scheme),
            h.measured_by or "nothing",
        ]
        for h in scored
    ]
    return {
        "paragraphs": [
            f"The declared scheme is {case.scheme.title} ({case.scheme.version}). A level is looked up in its grid; "
            "it is no product of two numbers. Nothing unmeasured is scored below medium likelihood."
        ],
        "charts": [matrix_chart(case.hazards, case.scheme)] if scored else [],
        "tables": [
            table("Scores before and after control", ["Hazard", "Initial", "Residual", "Measured by"], rows),
            *scheme_tables(case.scheme),
        ],
    }


def _control(case: SafetyCase) -> Part:
    rows = [
        [
            f"{h.number}/{c.number}",
            c.text,
            f"{c.category.replace('-', ' ')}; {MECHANISMS[c.mechanism].lower()}",
            c.state.replace("-", " "),
            c.evidence or "none",
            _role(c.owner_role, case),
        ]
        for h in case.hazards
        if not h.set_aside
        for c in h.controls
    ]
    leaning = [f"{h.number} leans on {', '.join(h.leans_on)}" for h in case.hazards if h.leans_on]
    return {
        "paragraphs": [
            "A control that is not built scores nothing. "
            + (f"Common causes: {'; '.join(leaning)}; if such a control falls, they open again." if leaning else "")
        ],
        "tables": [
            table("Controls and how far each has come",
                   ["Control", "What it does", "Kind", "State", "Shown by", "Owner"], rows),
            table("How well each hazard is held back", ["Hazard", "Held back", "What watches it"],
                   [[f"{h.number} {h.name}", controlled(h, case.scheme).value,
                     "; ".join(f"{w.monitor} ({w.limit})" for w in h.monitors) or "nothing"]
                    for h in case.hazards if not h.set_aside]),
        ],
    }  # fmt: skip


def _log(case: SafetyCase) -> Part:
    transferred = counts.of_status(case.hazards, Status.TRANSFERRED)
    standing = counts.of_status(case.hazards, Status.OPEN)
    aside = [h for h in case.hazards if h.set_aside]
    return {
        "paragraphs": [
            f"Version {case.log_version}: {len(case.hazards)} hazards; {len(standing)} open, {len(transferred)} "
            f"transferred, {len(case.hazards) - len(standing) - len(transferred)} closed."
        ],
        "tables": [
            table("Open: our own actions or watching go on", ["Hazard", "Why it is open"],
                   [[f"{h.number} {h.name}", h.reopened_because or "watched in use"] for h in standing]),
            table("Transferred, with the controls that were declared", ["Hazard", "To", "Declared controls"],
                   [[f"{h.number} {h.name}", h.transferred_to, h.status_because] for h in transferred]),
            table("Does not apply here", ["Hazard", "Why"],
                   [[f"{h.number} {h.name}", h.status_because] for h in aside]),
        ],
    }  # fmt: skip


def _tests(case: SafetyCase) -> Part:
    none = counts.untested(case.hazards)
    rows = [
        [f"{h.number}/{c.number}", c.text, c.state.replace("-", " ")]
        for h in case.hazards
        if not h.set_aside
        for c in h.controls
        if c.state.rank < ControlState.VERIFIED_EFFECTIVE.rank
    ]
    said = f"Hazards that no test addresses: {', '.join(none)}." if none else "A test addresses every hazard."
    return {
        "paragraphs": [said],
        "tables": [table("Controls not yet shown to work", ["Control", "What", "State"], rows)],
    }


def _statement(case: SafetyCase) -> Part:
    said = case.statement
    if said is None:
        words = ["No statement has been given on this version of the log."]
    else:
        words = [
            f"{said.answer.capitalize()}. {ANSWERS[said.answer]}",
            said.words,
            f"{said.by}{', ' + said.registration if said.registration else ''}, {_day(said.on)}.",
        ]
    conditions = [
        [c.condition, ", ".join(c.hazards), c.test, _role(c.owner, case), _day(c.due)]
        for c in (said.conditions if said else ())
    ]
    return {
        "paragraphs": words,
        "tables": [
            table("Conditions", ["Condition", "Hazards", "Test of completion", "Owner", "By"], conditions),
            table("Not reduced as far as reasonably practicable", ["Hazard", "Why"], not_alarp(case)),
        ],
    }


def _approval(case: SafetyCase) -> Part:
    rows = [
        [_role(a.role, case), a.person, h.number, a.justification]
        for h in case.hazards
        for a in h.acceptances
    ]
    return {
        "paragraphs": [
            "The clinical safety officer approves this report, and the executive accepts the residual risk for the "
            "Trust, by their signatures at the gate (DCB0160 2.2.2). Acceptances of single risks are sealed and listed here."
        ],
        "tables": [table("Acceptances", ["Role", "Person", "Hazard", "Because"], rows)],
    }


def _score(score: Score | None, scheme: RiskScheme) -> str:
    return scheme.words(score) if score else "not scored"


def _role(slug: str, case: SafetyCase) -> str:
    return case.roles.get(slug, slug)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
