"""How do alarm rules, a review and a retirement read on paper? As one self-contained HTML file each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.timezone import localtime

from alarp.pathway import AlarmRule, Review, ReviewCriterion
from alarp.pathway.alarms import JudgedOn, Reaction, shown
from alarp.pathway.review_rules import METHOD
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person
from alarp.report import Document, Section, Table, to_html
from alarp.standards import load_roles
from alarp.standards.watch import monitors

NO_TABLE = Table("", (), ())


def role_title(slug: str) -> str:
    """A role as a person calls it."""
    return next((role.title for role in load_roles() if role.slug == slug), slug)


def moment(at: datetime) -> str:
    local = localtime(at)
    return f"{local.day} {local:%B %Y}, {local:%H:%M}"


def minutes(number: int) -> str:
    """'30 minutes', '4 hours', '1 day'."""
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if number % size == 0:
            count = number // size
            return f"{count:,} {word}" + ("" if count == 1 else "s")
    return f"{number} minutes"


def limit_of(rule: AlarmRule) -> str:
    """'above 0.25, from 50 studies on'."""
    text = f"{rule.direction} {shown(rule.limit, monitors()[rule.monitor].unit)}"
    if rule.judged_on is JudgedOn.INTERVAL:
        text = f"whole interval {text}"
    return text if rule.minimum_n == 1 else f"{text}, from {rule.minimum_n:,} studies on"


def reaction_of(rule: AlarmRule) -> str:
    return "closes the route" if rule.reaction is Reaction.CLOSE else "warns"


def stop_rule(
    deployment: Deployment, rules: Sequence[AlarmRule], criteria: Sequence[ReviewCriterion], by: Person
) -> bytes:
    """The alarm rules and review criteria, to be signed at the live gate."""
    closing = [r for r in rules if r.reaction is Reaction.CLOSE]
    return _html(
        deployment,
        by,
        title="Alarm rules and review criteria",
        lead="What is watched after go-live, at which figure the route closes by itself, and what decides the review.",
        warnings=(),
        summary=(
            f"{len(rules)} alarm rules, of which {len(closing)} close the route without asking anybody.",
            "A result of a version that was not approved always closes the route, within one study.",
            METHOD,
        ),
        sections=(
            _section("Alarm rules", tables=(_rules_table(rules),)),
            _section("Review criteria", tables=(_criteria_table(criteria),)),
        ),
    )


def _rules_table(rules: Sequence[AlarmRule]) -> Table:
    return Table(
        "Each rule, its limit and what follows",
        ("Watched", "Limit", "What happens", "Who is told, then who", "Acknowledge within", "Because"),
        tuple(
            (
                monitors()[rule.monitor].title,
                limit_of(rule),
                reaction_of(rule),
                ", then ".join(role_title(role) for role in rule.chain),
                minutes(rule.acknowledge_within_min),
                rule.because,
            )
            for rule in rules
        ),
    )


def _criteria_table(criteria: Sequence[ReviewCriterion]) -> Table:
    def limit(criterion: ReviewCriterion, value: float | None) -> str:
        return "does not" if value is None else shown(value, monitors()[criterion.monitor].unit)

    return Table(
        "At which figure the tool is stopped, and at which it may be scaled",
        ("Question", "Figure", "Better", "Stops past", "Scales within", "At least", "Because"),
        tuple(
            (
                c.asks,
                monitors()[c.monitor].title,
                c.better.value,
                limit(c, c.stop_at),
                limit(c, c.scale_at),
                f"{c.minimum_n:,} studies",
                c.because,
            )
            for c in criteria
        ),
    )


def review(
    deployment: Deployment, found: Review, counter_argument: str, since: datetime, by: Person, *, title: str
) -> bytes:
    """The review as computed: the decision, each criterion, and what speaks against it."""
    return _html(
        deployment,
        by,
        title=title,
        lead=f"Computed from the figures since {moment(since)}, against the criteria signed before go-live.",
        warnings=found.not_measurable,
        summary=(f"Computed: {found.decision}. {found.because}", METHOD),
        sections=(
            _section(
                "Criteria",
                tables=(
                    Table(
                        "Each criterion on each figure",
                        ("Question", "Finding", "Verdict"),
                        tuple((j.criterion.asks, j.sentence, j.verdict.value) for j in found.judged),
                    ),
                ),
            ),
            _section("What speaks against it", paragraphs=(*found.against, counter_argument or "")),
        ),
    )


def retirement(
    deployment: Deployment,
    rows: Iterable[tuple[str, str, str, str]],
    begun_at: datetime,
    by: Person,
    *,
    title: str,
) -> bytes:
    """What was done to take the tool out: step, how, by whom, when."""
    return _html(
        deployment,
        by,
        title=title,
        lead=f"The tool was stopped; its retirement began on {moment(begun_at)}.",
        warnings=(),
        summary=("Every step of the retirement checklist is done.",),
        sections=(
            _section(
                "Steps",
                tables=(Table("What was done", ("Step", "How", "By", "When"), tuple(rows)),),
            ),
        ),
    )


def _section(heading: str, *, paragraphs: tuple[str, ...] = (), tables: tuple[Table, ...] = ()) -> Section:
    return Section(heading, tuple(p for p in paragraphs if p), (), tables)


def _html(
    deployment: Deployment,
    by: Person,
    *,
    title: str,
    lead: str,
    warnings: tuple[str, ...],
    summary: tuple[str, ...],
    sections: tuple[Section, ...],
) -> bytes:
    made = Document(
        title=f"{title}: {deployment.version} at {deployment.site.name}",
        lead=lead,
        warnings=warnings,
        summary=summary,
        claims=NO_TABLE,
        sections=sections,
        provenance=(
            ("Deployment", deployment.slug),
            ("Version", str(deployment.version)),
            ("Pathway", deployment.pathway),
            ("Prepared by", str(by)),
            ("Made", moment(clock.now())),
        ),
    )
    return to_html(made).encode("utf-8")
