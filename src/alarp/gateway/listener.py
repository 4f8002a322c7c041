"""Who calls, may they, and what do they bring? Associations, and the objects that come in on them.

A sender hears Success only when the object is durable, with all that is needed to write it into the ledger (PS3.4
B.2.3: Success means that the SCP has taken responsibility; ADR 0021). What cannot be kept is refused with A700 (out of
resources), so that the sender tries again; when there is too little room, an association that brings objects is not
accepted at all. An object that was kept but does not make sense (no UIDs, cut off, another patient's study) is answered with
Success as well: it is safe here, in quarantine, with an event that somebody looks at, and a failure status would
ask the sender to believe otherwise.

Further services (queries, retrievals) are a `Service` in the table that the listener is given; DICOM over TLS is a
second `Door` with its context.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, transaction
from pynetdicom import (
    AE,
    ALL_TRANSFER_SYNTAXES,
    AllStoragePresentationContexts,
    _config,
    evt,
)
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from alarp.gateway import callers, sockets
from alarp.gateway.receiving import incoming, room
from alarp.gateway.receiving.incoming import Incoming
from alarp.gateway.receiving.intake import Intake
from alarp.gateway.receiving.lane import Lane
from alarp.gateway.receiving.taking_over import take_over
from alarp.gateway.receiving.wire import Wire
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.kernel import Unavailable
from alarp.records import objects
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.listener")
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
PDU_BYTES = 128 * 1024
MOST_ASSOCIATIONS = 64
SAME_REFUSAL_AGAIN_S = 60.0
TRANSIENT, PRESENTATION, LOCAL_LIMIT = 0x02, 0x03, 0x02  # PS3.8 section 9.3.4
PERMANENT, SERVICE_USER, CALLING_TITLE_UNKNOWN = 0x01, 0x01, 0x03


@dataclass(frozen=True, slots=True)
class Service:
    """What else may be asked for on an association: its SOP classes, and who answers (pynetdicom's events).

    `either_role`: the caller may be the provider, as a PACS is that reports on what it was asked for.
    """

    sop_classes: tuple[str, ...]
    handlers: tuple[tuple[evt.EventType, Callable[[evt.Event], Any]], ...]
    either_role: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """A socket that listens already, and the TLS context of those who come through it (None: none)."""

    socket: socket.socket
    ssl_context: ssl.SSLContext | None = None


class Listener:
    """One process's share of the callers: its application entity, its doors, its life."""

    def __init__(self, doors: Sequence[Door], *, intake: Intake, services: Sequence[Service] = ()) -> None:
        self._refused: dict[tuple[str, str], float] = {}
        self._intake = intake
        self._incoming = objects.incoming_folder()
        # Every association has a thread of its own; opening the ledger for each takes longer than asking it.
        self._desk = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self._ae = _entity(services)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, sockets.no_delay),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_REJECTED, self._rejected),
            *(handler for service in services for handler in service.handlers),
        ]
        self._asked_for = {Verification, *(uid for service in services for uid in service.sop_classes)}
        self._servers = [
            self._ae.make_server(
                door.socket.getsockname(),
                evt_handlers=handlers,
                ssl_context=door.ssl_context,
                server_class=sockets.server_of(door.socket, _came_to_nothing),
            )
            for door in doors
        ]

    def serve(self) -> None:
        """Answer until `stop` is called, and then until whoever is sending has ended or waited long enough."""
        sockets.serve(self._servers)

    def stop(self) -> None:
        """Accept nobody any more; may be called from a signal's handler."""
        for server in self._servers:
            server.ending.set()

    def _requested(self, event: evt.Event) -> None:
        """Read the allow-list anew for every caller: a peer that was just disabled does not get in."""
        caller = _caller(event)
        peer = self._desk.submit(_peer_named, caller.calling).result()
        why = callers.why_not(peer, caller.address, event.assoc.dul.socket.socket)
        if peer is None or why:
            event.assoc.acse.send_reject(PERMANENT, SERVICE_USER, CALLING_TITLE_UNKNOWN)
            event.assoc.kill()  # waits until the refusal is out, before the connection is closed under it
            callers.unexpected(caller, why, peer)
            return
        if not self._brings_objects(event.assoc):
            return
        try:
            room.check_space()
        except Unavailable as error:
            LOG.error("%s", error)
            event.assoc.acse.send_reject(TRANSIENT, PRESENTATION, LOCAL_LIMIT)
            event.assoc.kill()
            self._no_room(event)
        else:
            self._open_lane(event.assoc, peer)

    def _brings_objects(self, association: Association) -> bool:
        asked = association.requestor.requested_contexts
        return any(str(context.abstract_syntax) not in self._asked_for for context in asked)

    def _rejected(self, event: evt.Event) -> None:
        """The library refused it: the caller is known here and called somebody else, or too many have called."""
        caller = _caller(event)
        why = (
            "It calls another title than ours."
            if caller.called != self._ae.ae_title
            else "Too many have called."
        )
        callers.unexpected(caller, why, callers.peer_named(caller.calling))

    def _no_room(self, event: evt.Event) -> None:
        """No association for objects while the disk is full: an event that somebody has to look at."""
        caller, now = _caller(event), time.monotonic()
        if (
            now - self._refused.get((caller.calling, caller.address), -SAME_REFUSAL_AGAIN_S)
            < SAME_REFUSAL_AGAIN_S
        ):
            return
        self._refused[caller.calling, caller.address] = now
        with transaction.atomic():
            action, subject = "association refused: no room", f"caller {caller.calling}"
            audit.record("gateway", action, subject, called=caller.called, address=caller.address)

    def _open_lane(self, association: Association, peer: Peer) -> None:
        """Let objects come in on their own lane. Before the answer to the request leaves: they may follow at once."""

        def syntax_of(context_id: int) -> str:
            context = association._accepted_cx.get(context_id)
            if context is None or context.abstract_syntax in self._asked_for:
                return ""
            return str(context.transfer_syntax[0])

        wire = Wire(
            association.dul.socket.socket, largest=PDU_BYTES, silence_s=configuration().peer_timeout_s * 4
        )
        lane = Lane(
            wire,
            syntax_of=syntax_of,
            folder=self._incoming,
            keep=lambda received: self._keep(peer, received),
            answer_most=association.requestor.maximum_length or 0,
        )
        take_over(association, lane)

    def _keep(self, peer: Peer, received: Incoming) -> int:
        """Keep a complete object; answers the status that its sender is told."""
        try:
            received.close()
            room.check_space()
            self._intake.take(peer, received.file, received.checksum)
        except Unavailable as error:
            LOG.error("%s", error)
            return OUT_OF_RESOURCES
        except (OSError, DatabaseError) as error:
            LOG.error("an object was not kept (%s); the sender was told so", type(error).__name__)
            return OUT_OF_RESOURCES
        finally:
            received.discard()
        return SUCCESS


def _peer_named(title: str) -> Peer | None:
    """Asked once more where the first time fails: the connection may be older than the database's last start."""
    close_old_connections()
    try:
        return callers.peer_named(title)
    except (OperationalError, InterfaceError):
        close_old_connections()
        return callers.peer_named(title)


def _came_to_nothing(address: str, error: BaseException | None) -> None:
    """No association came of this connection. A certificate that nobody vouches for is an attempt to get in."""
    if isinstance(error, ssl.SSLError) and "CERTIFICATE" in str(error.reason or "").upper():
        close_old_connections()
        why = "It shows a certificate that none of our authorities vouches for."
        callers.unexpected(callers.Caller("", "", address), why, None)
    else:
        LOG.warning("a connection from %s came to nothing (%s)", address, type(error).__name__)


def _caller(event: evt.Event) -> callers.Caller:
    asked = event.assoc.requestor.primitive
    return callers.Caller(
        str(asked.calling_ae_title).strip(),
        str(asked.called_ae_title or "").strip(),
        str(event.assoc.requestor.address),
    )


def prepare() -> None:
    """Before anybody listens: the store's folders are there, and what a dead process left half-written is gone."""
    folder = objects.incoming_folder()
    objects.make_folders()
    incoming.sweep(folder, older_than_s=3600.0, now=time.time())


def _entity(services: Sequence[Service]) -> AE:
    keeps_unknown = configuration().gateway_unknown_classes == "keep"
    _config.UNRESTRICTED_STORAGE_SERVICE = keeps_unknown
    entity = AE(ae_title=configuration().gateway_aet)
    entity.maximum_pdu_size = PDU_BYTES
    entity.maximum_associations = MOST_ASSOCIATIONS
    entity.require_called_aet = True
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.network_timeout = configuration().peer_timeout_s * 4
    entity.add_supported_context(Verification)
    for known in () if keeps_unknown else AllStoragePresentationContexts:
        # Both roles: objects are stored here, and handed over on the same association to who asks by C-GET.
        entity.add_supported_context(
            str(known.abstract_syntax), ALL_TRANSFER_SYNTAXES, scu_role=True, scp_role=True
        )
    for service in services:
        for sop_class in service.sop_classes:
            role = True if service.either_role else None
            entity.add_supported_context(sop_class, scu_role=role, scp_role=role)
    return entity
