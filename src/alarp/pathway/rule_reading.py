"""Is this table a set of alarm rules, of review criteria, of monitors? One sentence for the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from alarp.kernel import BadInput
from alarp.pathway.alarms import VERSION_SEEN, AlarmRule, Direction, JudgedOn, Monitor, Reaction, Unit
from alarp.pathway.review_rules import Better, ReviewCriterion

Word = TypeVar("Word", bound=StrEnum)

_MOST_MINUTES = 7 * 24 * 60

_RULE = {
    "monitor",
    "direction",
    "limit",
    "minimum_n",
    "reaction",
    "judged_on",
    "role",
    "escalate_to",
    "acknowledge_within_min",
    "because",
}
_MONITOR = {"slug", "title", "unit", "says", "source"}
_CRITERION = {"slug", "asks", "monitor", "better", "stop_at", "scale_at", "minimum_n", "because"}


def read_alarm_rules(
    value: Any, *, monitors: Mapping[str, Monitor], roles: Iterable[str], where: str = "The alarm rules"
) -> tuple[AlarmRule, ...]:
    """The rules from their table (JSON or YAML); raises BadInput in one sentence for the first that is wrong."""
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} are no list with at least one rule. Write one rule for each thing watched.")
    known = tuple(roles)
    rules: list[AlarmRule] = []
    for number, row in enumerate(value, start=1):
        rule = _read_rule(row, f"Alarm rule {number}", monitors, known)
        if any(rule.slug == other.slug for other in rules):
            raise BadInput(
                f"Alarm rule {number} says once more what to do when {rule.monitor} is {rule.direction} its "
                f"limit ({rule.reaction}). Keep one of them."
            )
        rules.append(rule)
    return tuple(rules)


def _read_rule(value: Any, where: str, monitors: Mapping[str, Monitor], roles: tuple[str, ...]) -> AlarmRule:
    table = fields_of(value, where, _RULE)
    slug = table.get("monitor")
    if slug not in monitors:
        raise BadInput(f"{where}: there is no monitor {slug!r}; there are {', '.join(monitors)}.")
    where = f"{where} ({slug})"
    rule = AlarmRule(
        monitor=str(slug),
        direction=one_of(table, "direction", where, Direction),
        limit=number_in(table, "limit", where),
        minimum_n=whole_in(table, "minimum_n", where, least=1, most=1_000_000),
        reaction=one_of(table, "reaction", where, Reaction),
        judged_on=one_of(table, "judged_on", where, JudgedOn, default=JudgedOn.VALUE),
        role=_role(table.get("role"), "role", where, roles),
        escalate_to=_escalation(table, where, roles),
        acknowledge_within_min=whole_in(table, "acknowledge_within_min", where, least=1, most=_MOST_MINUTES),
        because=text_in(table, "because", where),
    )
    return _checked(rule, where, monitors[rule.monitor])


def _checked(rule: AlarmRule, where: str, monitor: Monitor) -> AlarmRule:
    check_limit(rule.limit, where, monitor)
    if rule.monitor == VERSION_SEEN and (
        rule.reaction is not Reaction.CLOSE or rule.direction is not Direction.ABOVE or rule.limit != 0
    ):
        raise BadInput(
            f"{where}: a version that nobody approved always closes the route; write above, limit 0, close."
        )
    return rule


def check_limit(limit: float, where: str, monitor: Monitor) -> None:
    """Can a figure of this monitor ever reach this limit? A share lies from 0 to 1; nothing here is negative."""
    up_to_one = monitor.unit in (Unit.SHARE, Unit.CHANCE)
    if limit < 0 or (up_to_one and limit > 1):
        span_of = "from 0 to 1 (0.05 is 5 %)" if up_to_one else "0 or more"
        raise BadInput(f"{where}: the limit is {limit:g}; {monitor.title.lower()} is {span_of}.")


def _escalation(table: Mapping[str, Any], where: str, roles: tuple[str, ...]) -> tuple[str, ...]:
    value = table.get("escalate_to")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise BadInput(f"{where}: escalate_to is {value!r}; name the role that hears of it next.")
    found = tuple(_role(name, "escalate_to", where, roles) for name in names)
    if len({table.get("role"), *found}) <= len(found):
        raise BadInput(f"{where}: an alert escalates to somebody else each time; a role is there twice.")
    return found


def _role(value: Any, field: str, where: str, roles: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in roles:
        raise BadInput(f"{where}: {field} is {value!r}, which the role catalogue does not have. Correct it.")
    return value


def fields_of(value: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    """This entry as a table of known fields."""
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} is not a table of fields; it was {type(value).__name__}.")
    for field in value:
        if field not in known:
            raise BadInput(f"{where} has the field {field!r}, which is not known. Remove or correct it.")
    return value


def text_in(table: Mapping[str, Any], field: str, where: str) -> str:
    value = table.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where} has no text under {field!r}. Write it.")
    return " ".join(value.split())


def number_in(table: Mapping[str, Any], field: str, where: str) -> float:
    value = table.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e9:
        raise BadInput(f"{where}: {field} is {value!r}; give a number.")
    return float(value)


def whole_in(table: Mapping[str, Any], field: str, where: str, *, least: int, most: int) -> int:
    value = table.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"{where}: {field} is {value!r}; give a whole number from {least:,} to {most:,}.")
    return value


def one_of(
    table: Mapping[str, Any], field: str, where: str, words: type[Word], *, default: Word | None = None
) -> Word:
    value = table.get(field, default)
    try:
        return words(value)
    except ValueError:
        raise BadInput(f"{where}: {field} is {value!r}; it is one of {', '.join(words)}.") from None


def read_monitors(value: Any, *, where: str = "The monitors") -> dict[str, Monitor]:
    """The things that can be watched, by slug, from their table."""
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} are no list. Give at least one.")
    found: dict[str, Monitor] = {}
    for number, row in enumerate(value, start=1):
        place = f"{where}, monitor {number}"
        table = fields_of(row, place, _MONITOR)
        monitor = Monitor(
            slug=text_in(table, "slug", place),
            title=text_in(table, "title", place),
            unit=one_of(table, "unit", place, Unit),
            says=text_in(table, "says", place),
            source=text_in(table, "source", place),
        )
        if monitor.slug in found:
            raise BadInput(f"{place}: {monitor.slug!r} is there twice. Give each its own name.")
        found[monitor.slug] = monitor
    return found


# --- review criteria ----------------------------------------------------------------------------------


def read_review_criteria(
    value: Any, *, monitors: Mapping[str, Monitor], where: str = "The review criteria"
) -> tuple[ReviewCriterion, ...]:
    """The criteria from their table; raises BadInput in one sentence for the first that is wrong."""
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} are no list with at least one. Say at which figure the tool is stopped.")
    found: list[ReviewCriterion] = []
    for number, row in enumerate(value, start=1):
        criterion = _read_criterion(row, f"Review criterion {number}", monitors)
        if any(criterion.slug == other.slug for other in found):
            raise BadInput(
                f"Review criterion {number}: {criterion.slug!r} is there twice. Give each its own name."
            )
        found.append(criterion)
    if all(c.stop_at is None for c in found):
        raise BadInput(f"{where} never stop the tool; give at least one of them a stop_at.")
    if all(c.scale_at is None for c in found):
        raise BadInput(f"{where} can never scale the tool; give at least one of them a scale_at.")
    return tuple(found)


def _read_criterion(value: Any, where: str, monitors: Mapping[str, Monitor]) -> ReviewCriterion:
    table = fields_of(value, where, _CRITERION)
    slug = text_in(table, "slug", where)
    where = f"{where} ({slug})"
    monitor = table.get("monitor")
    if monitor not in monitors:
        raise BadInput(f"{where}: there is no monitor {monitor!r}; there are {', '.join(monitors)}.")
    criterion = ReviewCriterion(
        slug=slug,
        asks=text_in(table, "asks", where),
        monitor=str(monitor),
        better=one_of(table, "better", where, Better),
        stop_at=_limit(table, "stop_at", where, monitors[str(monitor)]),
        scale_at=_limit(table, "scale_at", where, monitors[str(monitor)]),
        minimum_n=whole_in(table, "minimum_n", where, least=1, most=1_000_000),
        because=text_in(table, "because", where),
    )
    if criterion.stop_at is None and criterion.scale_at is None:
        raise BadInput(f"{where} has neither a stop_at nor a scale_at, so it decides nothing. Give one.")
    if criterion.stop_at is not None and criterion.scale_at is not None:
        sense = 1 if criterion.better is Better.HIGHER else -1
        if sense * (criterion.scale_at - criterion.stop_at) < 0:
            raise BadInput(
                f"{where}: {criterion.better} is better, yet it scales at {criterion.scale_at:g} and stops at "
                f"{criterion.stop_at:g}. Change them over."
            )
    return criterion


def _limit(table: Mapping[str, Any], field: str, where: str, monitor: Monitor) -> float | None:
    if table.get(field) is None:
        return None
    limit = number_in(table, field, where)
    check_limit(limit, where, monitor)
    return limit
