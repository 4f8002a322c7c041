"""May this caller come in, and who hears of it when not? The allow-list, for associations and for HTTP alike.

Calling title, address and the way the connection is secured all have to fit the same peer. Whoever does not fit is
an event in the audit trail and an alert of the watch; the same caller for the same reason within a minute is neither.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction

from alarp.gateway import securing
from alarp.kernel import AlarpError
from alarp.records.audit import commands as audit
from alarp.records.ledger import peers
from alarp.records.ledger.models import Peer
from alarp.records.watch import commands as watch

LOG = logging.getLogger("alarp.gateway.callers")
SAME_AGAIN_S, MOST_REMEMBERED = 60.0, 10_000
_seen: dict[tuple[str, str, str], float] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called whom, from where, as they say themselves."""

    calling: str
    called: str
    address: str


def peer_named(aet: str) -> Peer | None:
    """The peer with this title, switched on or not."""
    return Peer.objects.select_related("site", "deployment").filter(aet=aet).first() if aet.strip() else None


def why_not(peer: Peer | None, address: str, connection: Any) -> str:
    """Why may this peer not call from there over this connection? Empty: it may."""
    if peer is None:
        return "No peer with this title is entered."
    if not peer.enabled:
        return f"{peer.aet} is switched off in the list of peers."
    if not may_call_from(peer.addresses, address):
        return f"{peer.aet} may not call from this address."
    return securing.refusal(peer, connection)


def by_http(authorization: str, address: str, connection: Any, *, service: str) -> Peer | None:
    """Who calls this service: a peer by its token, or by the certificate it shows? None: nobody who may; written down.

    The address and the way it is secured have to fit as for an association.
    """
    kind, _, token = authorization.partition(" ")
    peer = peers.with_token(token.strip()) if kind.lower() == "bearer" else _by_certificate(connection)
    why = why_not(peer, address, connection) if peer else "no peer has shown a valid token or certificate"
    if why:
        unexpected(Caller(peer.aet if peer else "unknown", service, address), f"{service}: {why}", peer)
        return None
    return peer


def _by_certificate(connection: Any) -> Peer | None:
    certificate = securing.shown(connection)
    if certificate is None:
        return None
    related = ("site", "deployment__site", "deployment__version__product")
    known = Peer.objects.select_related(*related).filter(enabled=True, secured=Peer.MUTUAL_TLS)
    named = [peer for peer in known if securing.names(certificate, peer)]
    return named[0] if len(named) == 1 else None


def may_call_from(addresses: str, address: str) -> bool:
    """Is this address among these addresses and networks (none named: from anywhere)? An unreadable one is not."""
    if not addresses.strip():
        return True
    try:
        caller = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(caller, "ipv4_mapped", None) or caller
    for text in addresses.replace(",", " ").split():
        try:
            if mapped in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            LOG.error("a peer's addresses hold something that is neither an address nor a network")
    return False


def unexpected(caller: Caller, why: str, peer: Peer | None) -> None:
    """Write down a caller who was refused and have the alert raised; nothing of this undoes the refusal."""
    now = time.monotonic()
    if len(_seen) > MOST_REMEMBERED:
        _seen.clear()
    known = (caller.calling, caller.address, why)
    if now - _seen.get(known, float("-inf")) < SAME_AGAIN_S:
        return
    _seen[known] = now
    LOG.warning(
        "association refused: calling %r, called %r, from %s: %s",
        caller.calling,
        caller.called,
        caller.address,
        why,
    )
    try:
        with transaction.atomic():
            audit.record(
                "gateway",
                "association refused",
                f"caller {caller.calling}",
                called=caller.called,
                address=caller.address,
                reason=why,
            )
        watch.unexpected_caller(caller.calling, caller.address, why, tool=peer)
    except (AlarpError, DatabaseError) as error:
        LOG.error("a refused caller could not be written down (%s)", type(error).__name__)
