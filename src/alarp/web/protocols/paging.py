"""Which part of a long list does the page show? The newest, and the way to the older ones; no page grows for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

PAGE = 10
_MOST_DIGITS = 9  # a number of a file has fewer; a longer one is nobody's


@dataclass(frozen=True)
class Part:
    """The rows of one list that this page shows; `older` and `newest` are the addresses of the others, or empty."""

    rows: tuple[Any, ...]
    older: str
    newest: str


def newest_first(
    rows: QuerySet[Any], request: HttpRequest, name: str, *, anchor: str, key: str = "number"
) -> Part:
    """Which rows are shown: the newest, or those before the number that the address names (`?runs_before=12`)?"""
    before = request.GET.get(f"{name}_before", "")
    chosen = before.isdecimal() and len(before) <= _MOST_DIGITS
    if chosen:
        rows = rows.filter(**{f"{key}__lt": int(before)})
    found = list(rows.order_by(f"-{key}")[: PAGE + 1])
    more = len(found) > PAGE
    older = f"?{name}_before={getattr(found[PAGE - 1], key)}#{anchor}" if more else ""
    return Part(tuple(found[:PAGE]), older, f"{request.path}#{anchor}" if chosen else "")
