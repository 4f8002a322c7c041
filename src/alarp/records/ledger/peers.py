"""Who may talk to the gateway: how a peer is entered, how it is reached and secured, and its token for DICOMweb."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from django.db import transaction

from alarp.kernel import BadInput
from alarp.records import permissions
from alarp.records.audit import commands as audit
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Peer
from alarp.records.people.models import Organisation, Person

TOKEN_BYTES = 32
LONGEST_ISSUER = 64  # VR LO


def register_peer(
    *,
    aet: str,
    name: str,
    kind: str,
    host: str = "",
    port: int | None = None,
    deployment: Deployment | None = None,
    site: Organisation | None = None,
    enabled: bool = True,
    addresses: str = "",
    secured: str = "",
    way: str = Peer.DIMSE,
    url: str = "",
    may_pull: bool = False,
    patient_issuer: str = "",
    by: Person | str,
) -> Peer:
    """This application entity may talk to the gateway (an entry with the same title is changed).

    `patient_issuer` issues the patient numbers of its objects that name no issuer: two hospitals use one number twice.
    """
    if isinstance(by, Person):
        permissions.check(by, "manage_people", site)
    title = aet.strip()
    if not re.fullmatch(r"[\x20-\x5b\x5d-\x7e]{1,16}", title):
        raise BadInput(
            f"The AE title {aet!r} must have 1 to 16 characters and no backslash (PS3.5 table 6.2-1)."
        )
    if kind not in (Peer.SOURCE, Peer.TOOL, Peer.PACS):
        raise BadInput(f"{title}: {kind!r} is no kind of peer; use source, tool or pacs.")
    if kind == Peer.TOOL and deployment is None:
        raise BadInput(f"{title}: a tool belongs to a deployment; say which.")
    reached = {"way": way, "url": url.strip(), "host": host.strip(), "port": port}
    if secured not in (Peer.OPEN, Peer.TLS, Peer.MUTUAL_TLS):
        raise BadInput(f"{title}: {secured!r} is no way to secure a connection; use tls, mutual, or nothing.")
    _check_reached(title, kind, may_pull=may_pull, **reached)  # type: ignore[arg-type]
    columns = {
        **reached,
        "name": name.strip() or title,
        "kind": kind,
        "deployment": deployment,
        "site": site,
        "enabled": enabled,
        "addresses": _addresses(title, addresses),
        "secured": secured,
        "may_pull": may_pull,
        "patient_issuer": _issuer(title, kind, patient_issuer),
    }
    with transaction.atomic():
        peer, new = Peer.objects.update_or_create(aet=title, defaults=columns)
        shown = {k: v for k, v in columns.items() if k not in ("deployment", "site", "name")}
        stream = deployment.slug if deployment else audit.SITE
        audit.record(
            by, "peer registered" if new else "peer changed", f"peer {title}", stream=stream, **shown
        )
    return peer


def _check_reached(
    title: str, kind: str, *, way: str, url: str, host: str, port: int | None, may_pull: bool
) -> None:
    if way not in (Peer.DIMSE, Peer.DICOMWEB, Peer.COMMAND):
        raise BadInput(f"{title}: {way!r} is no way to reach a peer; use dimse, dicomweb or command.")
    if way == Peer.COMMAND and kind != Peer.TOOL:
        raise BadInput(
            f"{title}: only an AI tool is a program that is run here; reach it by dimse or dicomweb."
        )
    if way == Peer.DICOMWEB and not may_pull:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise BadInput(
                f"{title}: a peer that is reached by DICOMweb needs the url of its service, such as "
                "https://pacs.trust.example/dicom-web, without a user name in it."
            )
    if way == Peer.DIMSE and kind != Peer.SOURCE and not may_pull and not (host and port):
        raise BadInput(f"{title}: the gateway sends to it, so it needs host and port.")
    if port is not None and not 1 <= port <= 65535:
        raise BadInput(f"{title}: the port is {port}; it lies between 1 and 65535.")


def _issuer(title: str, kind: str, issuer: str) -> str:
    found = issuer.strip()
    if len(found) > LONGEST_ISSUER or "\\" in found or not found.isprintable():
        raise BadInput(
            f"{title}: the issuer of its patient numbers must have at most {LONGEST_ISSUER} characters and no "
            "backslash (PS3.5 table 6.2-1); shorten it."
        )
    if found and kind == Peer.TOOL:
        raise BadInput(f"{title}: a tool knows patients by our pseudonyms; leave its patient_issuer empty.")
    return found


def _addresses(title: str, addresses: str) -> str:
    """Addresses and networks, one space between them. An entry that cannot be read would let nobody in."""
    found = addresses.replace(",", " ").split()
    for one in found:
        try:
            ipaddress.ip_network(one, strict=False)
        except ValueError:
            raise BadInput(
                f"{title}: {one!r} is neither an address nor a network; write 10.1.2.3 or 10.1.2.0/24."
            ) from None
    return " ".join(found)


def issue_token(peer: Peer, *, by: Person) -> str:
    """A fresh token with which this peer uses the DICOMweb service; the one before ends. Shown once, kept as a digest."""
    permissions.check(by, "manage_people", peer.site)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        Peer.objects.filter(pk=peer.pk).update(token_sha256=_digest(token))
        audit.record(by, "peer token issued", f"peer {peer.aet}", stream=_stream(peer))
    return token


def withdraw_token(peer: Peer, *, by: Person) -> None:
    """This peer's token opens nothing any more."""
    permissions.check(by, "manage_people", peer.site)
    with transaction.atomic():
        Peer.objects.filter(pk=peer.pk).update(token_sha256="")
        audit.record(by, "peer token withdrawn", f"peer {peer.aet}", stream=_stream(peer))


def with_token(token: str) -> Peer | None:
    """Whose token is this? None: nobody's (any more), or a peer that is switched off.

    The token is 256 random bits, so a plain digest keeps it and an index on the digest finds it: what an attacker
    could time is the digest of a guess.
    """
    if not token:
        return None
    related = ("site", "deployment__site", "deployment__version__product")
    return Peer.objects.select_related(*related).filter(token_sha256=_digest(token), enabled=True).first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _stream(peer: Peer) -> str:
    return peer.deployment.slug if peer.deployment else audit.SITE
