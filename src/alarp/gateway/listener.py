"""Who calls, may they, and what do they bring? The C-ECHO and C-STORE provider.

A sender hears Success only when the object's bytes and its row are durable (PS3.4 B.2.3: Success means
that the SCP has taken responsibility). What cannot be kept is refused with A700 (out of resources), so
that the sender tries again. An object that was kept but does not make sense (no UIDs, cut off, another
patient's study) is answered with Success as well: it is safe here, in quarantine, and a failure status
would ask the sender to believe otherwise.
"""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from django.db import DatabaseError, close_old_connections, transaction
from pynetdicom import AE, _config, dimse_messages, evt
from pynetdicom.dsutils import create_file_meta
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import ThreadedAssociationServer

from alarp.gateway import receiving, sockets
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.kernel import Unavailable
from alarp.records import objects
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.listener")
SUCCESS, OUT_OF_RESOURCES, NOT_AUTHORISED = 0x0000, 0xA700, 0x0124
PDU_BYTES = 128 * 1024
NOBODY = "-no peer may call"[:16]  # pynetdicom reads an empty allow-list as "everybody"
ABANDONED_AFTER_S = 3600.0
SAME_REFUSAL_AGAIN_S = 60.0


class Listener:
    """One DICOM server: its peers, its address, its life."""

    def __init__(self) -> None:
        self._refused: dict[tuple[str, str], float] = {}
        _receive_into_files()
        self._ae = AE(ae_title=configuration().gateway_aet)
        self._ae.maximum_pdu_size = PDU_BYTES
        self._ae.maximum_associations = 64
        self._ae.require_called_aet = True
        self._ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self._ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._ae.network_timeout = configuration().peer_timeout_s * 4
        self._ae.add_supported_context(Verification)
        self._server: ThreadedAssociationServer | None = None

    def start(self) -> int:
        """Listen; answers the port."""
        settings = configuration()
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, sockets.no_delay),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_STORE, self._store),
        ]
        self._server = self._ae.make_server(
            (settings.gateway_host, settings.gateway_port),
            evt_handlers=handlers,
            server_class=sockets.SharedPortServer,
        )
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Answer until `stop` is called."""
        assert self._server is not None
        self._server.serve_forever(poll_interval=0.5)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()

    def _requested(self, event: evt.Event) -> None:
        """Read the allow-list anew for every caller: a peer that was just disabled does not get in."""
        close_old_connections()
        allowed = Peer.objects.filter(enabled=True).values_list("aet", flat=True)
        self._ae.require_calling_aet = [aet for aet in allowed if aet.strip()] or [NOBODY]

    def _rejected(self, event: evt.Event) -> None:
        """An association that was refused is an event that somebody may have to look at."""
        caller = str(event.assoc.requestor.ae_title).strip()
        called = str(getattr(event.assoc.requestor.primitive, "called_ae_title", "")).strip()
        address = str(event.assoc.requestor.address)
        now = time.monotonic()
        if now - self._refused.get((caller, address), -SAME_REFUSAL_AGAIN_S) < SAME_REFUSAL_AGAIN_S:
            return
        self._refused[caller, address] = now
        LOG.warning("association refused: calling %r, called %r, from %s", caller, called, address)
        with transaction.atomic():
            audit.record("gateway", "association refused", f"caller {caller}", called=called, address=address)

    def _store(self, event: evt.Event) -> int:
        close_old_connections()
        request = event.request
        peer = _peer_of(event)
        if peer is None:
            return NOT_AUTHORISED
        try:
            receiving.check_space()
            request._dataset_file.close()
            receiving.keep(
                peer,
                Path(event.dataset_path),
                sop_uid=str(request.AffectedSOPInstanceUID),
                sop_class=str(request.AffectedSOPClassUID),
                transfer_syntax=str(event.context.transfer_syntax),
            )
        except Unavailable as error:
            LOG.error("%s", error)
            return OUT_OF_RESOURCES
        except (OSError, DatabaseError) as error:
            LOG.error("an object was not kept (%s); the sender was told so", type(error).__name__)
            return OUT_OF_RESOURCES
        return SUCCESS


def _peer_of(event: evt.Event) -> Peer | None:
    """The peer of this association, looked up once."""
    found = getattr(event.assoc, "alarp_peer", None)
    if found is None:
        caller = str(event.assoc.requestor.ae_title).strip()
        found = Peer.objects.filter(aet=caller, enabled=True).select_related("deployment").first()
        event.assoc.alarp_peer = found
    return found


def _receive_into_files() -> None:
    """Let received fragments go straight to files beside the store, under file meta that is always the same.

    The library's own file meta carries its version number: the same data set, received before and
    after an upgrade, would get two digests.
    """
    _config.STORE_RECV_CHUNKED_DATASET = True
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    incoming = objects.incoming_folder()
    tempfile.tempdir = str(incoming)
    dimse_messages.create_file_meta = functools.partial(  # type: ignore[assignment]
        create_file_meta,
        implementation_uid=IMPLEMENTATION_CLASS_UID,  # type: ignore[arg-type]
        implementation_version=IMPLEMENTATION_VERSION_NAME,
    )
    _make_folders(incoming.parent)
    oldest = time.time() - ABANDONED_AFTER_S
    for file in incoming.iterdir():
        if file.is_file() and file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)  # never acknowledged: the sender still has it


def _make_folders(store: Path) -> None:
    """Make the store's first level of folders at once and durably, not one by one as objects come."""
    for number in range(256):
        (store / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
    handle = os.open(store, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
