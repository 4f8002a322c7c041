"""How much of a study has a tool, and how much may it have without our knowing?

The ledger knows what a tool acknowledged. What was handed to the socket and never acknowledged, because a worker died or
a connection was cut at that moment, stands in the egress record alone: its line is durable before the first byte leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alarp.records import clock, egress
from alarp.records.ledger.models import Dispatch, DispatchInstance

MOST_AT_ONCE = 500
OVER = (Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.FAILED, Dispatch.RETURNED)
_A_DAY = timedelta(days=1)  # a worker that lost its lease may have been in the middle of an image


@dataclass(frozen=True, slots=True)
class Departure:
    """The images of one dispatch that the tool acknowledged, those it may have, and when the first began to leave."""

    acknowledged: int
    unanswered: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class _Item:
    dispatch: int
    name: tuple[str, str]
    sent_at: datetime | None


def departed(dispatches: Collection[Dispatch]) -> dict[int, Departure]:
    """What left, or may have left, of each of these dispatches (by its number); those of which nothing did are left out."""
    found: dict[int, Departure] = {}
    every = list(dispatches)
    for start in range(0, len(every), MOST_AT_ONCE):
        found |= _departed(every[start : start + MOST_AT_ONCE])
    return found


def _departed(dispatches: Sequence[Dispatch]) -> dict[int, Departure]:
    by_number = {dispatch.pk: dispatch for dispatch in dispatches}
    items = _named(by_number)
    open_ones = [item for item in items if item.sent_at is None]
    lines = _lines(open_ones, [by_number[item.dispatch] for item in open_ones])
    times: dict[int, list[datetime]] = {}
    unanswered: dict[int, int] = {}
    for item in items:
        at = item.sent_at or lines.get(item.name)
        if at is not None:
            times.setdefault(item.dispatch, []).append(at)
            unanswered[item.dispatch] = unanswered.get(item.dispatch, 0) + (item.sent_at is None)
    return {
        pk: Departure(len(when) - unanswered[pk], unanswered[pk], min(when)) for pk, when in times.items()
    }


def _named(dispatches: dict[int, Dispatch]) -> list[_Item]:
    """What has a name to leave under: an image gets it before its line in the egress record."""
    rows = DispatchInstance.objects.filter(dispatch__in=list(dispatches))
    columns = ("dispatch_id", "sop_uid_sent", "sent_at")
    return [
        _Item(pk, (dispatches[pk].deployment.slug, name), at)
        for pk, name, at in rows.values_list(*columns)
        if name or at
    ]


def _lines(items: Sequence[_Item], dispatches: Sequence[Dispatch]) -> dict[tuple[str, str], datetime]:
    """When each of these began to leave; only the days of the record in which it can have are read."""
    if not items:
        return {}
    ends = (one.changed_at + _A_DAY if one.state in OVER else clock.now() for one in dispatches)
    first = min(one.created_at for one in dispatches)
    return egress.first_times({item.name for item in items}, first.date(), max(ends).date())
