"""Which days are over and not closed yet? Asked at every sweep, so it brings nothing that is heavy to load."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Min
from django.utils.timezone import localdate

from alarp.records.ledger.models import Dispatch
from alarp.records.monitors.models import DeliveredEvent, RolledDay

MOST_AT_ONCE = 31  # days, after a long stop; the next sweep takes the next
LOOK_BACK = 2  # days that are rolled once more with the next: our own clock may have gone back


def roll_due(now: datetime) -> tuple[date, ...]:
    """Close every day that is over and not closed yet, the oldest first; says which."""
    yesterday = localdate(now) - timedelta(days=1)
    last = RolledDay.objects.order_by("-day").values_list("day", flat=True).first()
    if last is not None and last >= yesterday:
        return ()
    first = _first_day() if last is None else last + timedelta(days=1) - timedelta(days=LOOK_BACK)
    if first is None or first > yesterday:
        return ()
    from alarp.records.monitors.rolling import roll  # brings polars: only where a day is closed

    days = [first + timedelta(days=n) for n in range((yesterday - first).days + 1)][
        : MOST_AT_ONCE + LOOK_BACK
    ]
    for day in days:
        roll(day)
    return tuple(days)


def _first_day() -> date | None:
    """The day of the first thing that ever happened here: looked for once, before the first day is closed."""
    first = Dispatch.objects.aggregate(first=Min("created_at"))["first"]
    delivered = DeliveredEvent.objects.aggregate(first=Min("known_at"))["first"]
    known = [localdate(moment) for moment in (first, delivered) if moment is not None]
    return min(known, default=None)
