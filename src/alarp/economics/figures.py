"""What is a figure of a case? A number with its unit, its source, what kind of source that is, and its range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from typing import Any, TypeVar

Found = TypeVar("Found")
ZERO, ONE, HOUR_MIN = Decimal(0), Decimal(1), Decimal(60)
_PENNY = Decimal("0.01")


class Kind(StrEnum):
    """Who says so? A figure whose kind is not stated is an assumption."""

    LOCAL = "local"
    SUPPLIER = "supplier"
    PUBLISHED = "published"
    ASSUMPTION = "assumption"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a case. `key` is its place in the case, `name` what a person calls it."""

    key: str
    name: str
    value: Decimal
    unit: str
    source: str
    kind: Kind
    low: Decimal | None = None
    high: Decimal | None = None


@contextmanager
def exactly() -> Iterator[None]:
    """34 digits, whatever the caller's own decimal context is, so that the same case gives the same pence."""
    with localcontext(Context(prec=34, rounding=ROUND_HALF_UP)):
        yield


def pence(value: Decimal) -> float:
    """Rounded to whole pence, half up: the only place where money is rounded."""
    return float(value.quantize(_PENNY, rounding=ROUND_HALF_UP)) + 0.0


def figures_of(item: Any) -> Iterator[Figure]:
    """Which figures does this case, or part of one, hold? In the order in which it states them."""
    if isinstance(item, Figure):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from figures_of(part)
    elif is_dataclass(item) and not isinstance(item, type):
        for field in fields(item):
            yield from figures_of(getattr(item, field.name))


def with_value(item: Found, key: str, value: Decimal) -> Found:
    """The same case with one figure at another value."""
    changed: Any = _changed(item, key, value)
    return changed  # type: ignore[no-any-return]


def _changed(item: Any, key: str, value: Decimal) -> Any:
    if isinstance(item, Figure):
        return replace(item, value=value) if item.key == key else item
    if isinstance(item, tuple):
        return tuple(_changed(part, key, value) for part in item)
    if is_dataclass(item) and not isinstance(item, type):
        parts = {f.name: _changed(getattr(item, f.name), key, value) for f in fields(item)}
        return replace(item, **parts)
    return item
