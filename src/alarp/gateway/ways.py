"""By which way does a peer take objects: by an association, by DICOMweb, or in a folder of a program on this machine?

One shape for all, so that steps do not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alarp.gateway import associations
from alarp.gateway.adapters import giving
from alarp.gateway.associations import Outgoing
from alarp.gateway.dicomweb import sending as by_web
from alarp.records.ledger.models import Peer

Store = Callable[[Outgoing, int], None]


@contextmanager
def open_to(peer: Peer, outgoing: list[Outgoing]) -> Iterator[Store]:
    """A way to this peer for these objects; what it gives hands one over, as `associations.store` does.

    Raises Unavailable (phase connect) when there is none to be had.
    """
    if peer.way == Peer.DICOMWEB:
        with by_web.connection(peer) as client:
            yield lambda item, _number: by_web.store(client, peer, item)
        return
    if peer.way == Peer.COMMAND:
        yield lambda item, _number: giving.store(peer, item)
        return
    with associations.association(peer, associations.contexts_for(outgoing)) as link:
        yield lambda item, number: associations.store(link, peer, item, number)


def has(peer: Peer, *, study_uid: str, series_uid: str, sop_uid: str) -> bool | None:
    """Does this peer hold the object already? None: it cannot be asked."""
    if peer.way == Peer.DICOMWEB:
        with by_web.connection(peer) as client:
            return by_web.has(client, peer, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid)
    return associations.has(peer, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid)
