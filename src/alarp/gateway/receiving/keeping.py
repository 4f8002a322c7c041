"""From a file of received bytes to a durable object and a row in the ledger."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from alarp.gateway.receiving.describing import described
from alarp.gateway.receiving.messages import announced
from alarp.kernel import sha256_hex
from alarp.records import objects
from alarp.records.ledger.arrivals import Arrival, Receipt, receive
from alarp.records.ledger.models import Peer


def keep(peer: Peer, file: Path, *, sop_uid: str, sop_class: str, transfer_syntax: str) -> Receipt:
    """Make the received file an object under its digest, and write it down. Both are durable on return."""
    with _bytes_of(file) as data:
        sha256 = sha256_hex(data)
        arrival = described(
            data, sha256, sop_uid=sop_uid, sop_class=sop_class, transfer_syntax=transfer_syntax
        )
    objects.place(file, sha256)
    return receive(peer, arrival)


def arrival_in(file: Path, sha256: str) -> Arrival:
    """What came in this file, by its data set and by what was announced for it? Raises ValueError without a head."""
    with _bytes_of(file) as data:
        sop_class, sop_uid, transfer_syntax = announced(data)
        return described(data, sha256, sop_uid=sop_uid, sop_class=sop_class, transfer_syntax=transfer_syntax)


@contextmanager
def _bytes_of(file: Path) -> Iterator[bytes]:
    """What lies there, to be read like bytes at no cost of memory, however large the object."""
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield cast(bytes, data)
