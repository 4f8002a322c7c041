"""From a file of received bytes to a durable object and a row in the ledger."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import cast

from alarp.gateway.receiving.describing import described
from alarp.kernel import sha256_hex
from alarp.records import objects
from alarp.records.ledger.arrivals import Arrival, Receipt, receive
from alarp.records.ledger.models import Peer

WriteDown = Callable[[Peer, Arrival], Receipt]


def keep(
    peer: Peer,
    file: Path,
    *,
    sop_uid: str,
    sop_class: str,
    transfer_syntax: str,
    sha256: str = "",
    write_down: WriteDown | None = None,
) -> Receipt:
    """Make the received file an object under its digest, and write it down. Both are durable on return.

    `sha256` when the digest was taken while the bytes came in; `write_down` when somebody else writes
    the ledger for this process (the clerk).
    """
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        read = cast(bytes, data)  # reads like bytes, and costs no memory however large the object
        sha256 = sha256 or sha256_hex(read)
        arrival = described(
            read, sha256, sop_uid=sop_uid, sop_class=sop_class, transfer_syntax=transfer_syntax
        )
    objects.place(file, sha256)
    return (write_down or receive)(peer, arrival)
