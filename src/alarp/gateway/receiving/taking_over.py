"""How does a lane get between pynetdicom's state machine and its socket? The one place that knows its insides.

pynetdicom 3.0: `DULServiceProvider._read_pdu_data` is called whenever its socket has something to read; it reads one
unit, decodes it and puts one event into the state machine's queue (PS3.8 table 9-10). For an established
association that call is replaced: the lane reads, and what it hands on is decoded and queued as before. A test
holds both against the same streams.
"""

from __future__ import annotations

import logging

from pynetdicom.association import Association

from alarp.gateway.receiving.lane import Lane
from alarp.gateway.receiving.wire import Lost, Malformed

LOG = logging.getLogger("alarp.gateway.lane")
CONNECTION_CLOSED, INVALID_UNIT = "Evt17", "Evt19"  # PS3.8 table 9-10


def take_over(association: Association, lane: Lane) -> None:
    """Let this lane read what comes on the association from now on."""
    provider = association.dul

    def read() -> None:
        # While objects come in, the library's own thread need not ask a thousand times a second for work.
        association._reactor_checkpoint.clear()
        try:
            for unit in lane.run():
                found, event = provider._decode_pdu(bytearray(unit))
                provider._recv_pdu.put(found)
                provider.event_queue.put(event)
        except Lost as error:
            LOG.log(logging.INFO if lane.broke_off else logging.DEBUG, "a connection ended (%s)", error)
            provider.event_queue.put(CONNECTION_CLOSED)
        except Malformed as error:
            LOG.warning("an association is aborted: %s", error)
            provider.event_queue.put(INVALID_UNIT)
        finally:
            association._reactor_checkpoint.set()

    provider._read_pdu_data = read  # type: ignore[method-assign]
