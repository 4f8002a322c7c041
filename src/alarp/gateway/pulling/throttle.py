"""How many questions may one peer have open at once? As many as the settings say; the next one is told to wait."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from alarp.kernel import Unavailable
from alarp.records.configuration import configuration

_lock = threading.Lock()
_open: Counter[str] = Counter()


@contextmanager
def turn(aet: str) -> Iterator[None]:
    """One of this peer's turns in this process. Raises Unavailable when all are taken."""
    with _lock:
        if _open[aet] >= configuration().pull_at_once:
            raise Unavailable(
                f"{aet} has {_open[aet]} requests open here already; it has to wait for one to end."
            )
        _open[aet] += 1
    try:
        yield
    finally:
        with _lock:
            _open[aet] -= 1
