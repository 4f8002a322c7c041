"""What does the training evidence of a deployment say, as data and as a document? Roles, never names."""

from __future__ import annotations

from functools import cache
from typing import Any

from alarp.pathway import May
from alarp.pathway.route import day_in_words
from alarp.records.training.models import Module
from alarp.records.training.queries import Coverage
from alarp.standards.roles import load_roles


@cache
def _titles() -> dict[str, str]:
    return {role.slug: role.title for role in load_roles()}


def role_title(slug: str) -> str:
    """The role as a person says it."""
    return _titles().get(slug, slug)


WORDS = {May.NONE: "not entitled", May.SUPERVISED: "under supervision", May.UNAIDED: "unaided"}
_ORDER = (May.UNAIDED, May.SUPERVISED, May.NONE)


def body(found: Coverage, modules: tuple[Module, ...], reason: str) -> dict[str, Any]:
    """What the signature binds: the coverage, the share aimed for, every user by role, the modules."""
    return {
        "day": found.day.isoformat(),
        "tool": str(found.deployment.version),
        "target": found.target,
        "target_because": reason,
        "measures": [found.measure.as_dict(), *(m.as_dict() for _, m in found.by_role)],
        "users": [
            {
                "role": row.user.role,
                "may": row.entitlement.may.value,
                "until": row.entitlement.until.isoformat() if row.entitlement.until else "",
                "because": row.entitlement.because if not row.entitlement.entitled else "",
            }
            for row in found.rows
        ],
        "modules": [
            {
                "slug": m.slug,
                "edition": m.edition,
                "title": m.title,
                "about": m.tool or "general",
                "pass_mark": m.pass_mark,
                "failures_mark": m.failures_mark,
                "valid_days": m.valid_days,
                "grants": m.grants,
                "sha256": m.sha256,
            }
            for m in modules
        ],
    }


def _short(role: str) -> str:
    """'Reader', where the title explains in brackets."""
    return role_title(role).partition(" (")[0]


def coverage_chart(found: Coverage) -> dict[str, Any]:
    """The share entitled with its interval against the aim, and every user as one mark beside their role."""
    rows = [("All users", found.measure), *((_short(role), m) for role, m in found.by_role)]
    return {
        "chart": "training-coverage",
        "title": "Users entitled to exactly this version",
        "description": f"{found.sentence} The bar has its 95 % Wilson interval; below it one mark for each user.",
        "x_title": "Users entitled (95 % interval)",
        "estimate": found.measure.estimate,
        "low": found.measure.low,
        "high": found.measure.high,
        "target": found.target,
        "people": [
            {"role": _short(row.user.role), "state": WORDS[row.entitlement.may]}
            for row in sorted(found.rows, key=lambda r: (r.user.role, _ORDER.index(r.entitlement.may)))
        ],
        "table": {
            "caption": "Users entitled, by role",
            "columns": ["Role", "Entitled", "Share (95 % interval)"],
            "rows": [
                [label, f"{m.events} of {m.n}", f"{m.estimate:.0%} ({100 * m.low:.0f}-{100 * m.high:.0f})"]
                for label, m in rows
                if m.estimate is not None and m.low is not None and m.high is not None
            ],
            "note": f"Interval: Wilson. Aim: {found.target:.0%}.",
        },
    }


def html(found: Coverage, modules: tuple[Module, ...]) -> bytes:
    """The document beside the evidence's body."""
    from alarp.report import document, to_html  # brings the chart library: only where a document is made

    tool = str(found.deployment.version)
    story = {
        "title": f"Training and entitlement: {tool} at {found.deployment.site}",
        "lead": found.sentence,
        "warnings": [] if found.reached else ["The share aimed for is not reached."],
        "summary": [
            f"{found.count(May.UNAIDED)} may act on it unaided, {found.count(May.SUPERVISED)} under supervision, "
            f"{found.count(May.NONE)} not.",
            "An entitlement is computed from what was passed about exactly this version, and ends with it.",
        ],
        "claims": {
            "caption": "Modules in force",
            "columns": ["Module", "About", "Pass mark", "AI failures caught", "Holds for"],
            "rows": [_module_row(m) for m in modules],
        },
        "sections": [
            {
                "heading": "Who is entitled",
                "paragraphs": [],
                "charts": [coverage_chart(found)],
                "tables": [_users(found)],
            }
        ],
        "provenance": [
            ("Pathway", found.deployment.pathway),
            ("As of", day_in_words(found.day)),
            ("Basis", "IR(ME)R 2017 regulation 17 and Schedule 3: adequate training, with records"),
        ],
    }
    return to_html(document(story)).encode("utf-8")


def _module_row(m: Module) -> list[str]:
    caught = f"{m.failures_mark:.0%}" if m.failures_mark is not None else "not asked"
    return [
        f"{m.title} (edition {m.edition})",
        m.tool or "general",
        f"{m.pass_mark:.0%}",
        caught,
        f"{m.valid_days} days",
    ]


def _users(found: Coverage) -> dict[str, Any]:
    return {
        "caption": "Users by role, without names",
        "columns": ["Role", "May act on it", "Until", "Why not"],
        "rows": [
            [
                role_title(row.user.role),
                WORDS[row.entitlement.may],
                day_in_words(row.entitlement.until) if row.entitlement.until else "",
                "" if row.entitlement.entitled else row.entitlement.because,
            ]
            for row in found.rows
        ],
    }
