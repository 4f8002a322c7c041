"""STOW-RS as a user: objects for a peer that takes them by DICOMweb, one request each, streamed from its file."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from alarp.gateway import securing
from alarp.gateway.associations import Outgoing, Rejected
from alarp.gateway.dicomweb.multipart import CHUNK, part_head, tail
from alarp.kernel import BadInput, Phase, Unavailable
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

JSON = "application/dicom+json"
_CONTENT = range(0xA900, 0xAA00), range(0xC000, 0xD000)  # the content is at fault: trying again will not help
_REFERENCED, _FAILED, _REASON = "00081199", "00081198", "00081197"


@contextmanager
def connection(peer: Peer) -> Iterator[httpx.Client]:
    """A client for this peer's service. Raises Unavailable when it has no address or may not be used."""
    if not peer.enabled:
        raise Unavailable(f"{peer.aet} is switched off in the list of peers.", phase=Phase.CONNECT)
    if not peer.url:
        raise Unavailable(f"{peer.aet} has no DICOMweb address; enter its url.", phase=Phase.CONNECT)
    if peer.secured and not peer.url.startswith("https://"):
        raise Unavailable(
            f"{peer.aet} has to be reached over TLS; its url is not https.", phase=Phase.CONNECT
        )
    wait_s = configuration().peer_timeout_s
    try:
        verify: ssl.SSLContext | bool = _context(peer)
    except BadInput as error:
        raise Unavailable(str(error), phase=Phase.CONNECT) from None
    with httpx.Client(
        base_url=peer.url.rstrip("/"),
        timeout=httpx.Timeout(wait_s, connect=wait_s),
        verify=verify,
        headers=_token(peer),
        follow_redirects=False,  # an answer that points elsewhere would lead pictures elsewhere
        trust_env=False,
    ) as client:
        yield client


def _context(peer: Peer) -> ssl.SSLContext:
    context = securing.user_context(peer)
    context.check_hostname = True  # a web service has a name
    return context


def _token(peer: Peer) -> dict[str, str]:
    """The token that this peer has given us, from the folder of keys (`dicomweb-<title>.token`); none is no error."""
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in peer.aet)
    file: Path = configuration().keys / f"dicomweb-{name}.token"
    return {"Authorization": f"Bearer {file.read_text(encoding='ascii').strip()}"} if file.is_file() else {}


def store(client: httpx.Client, peer: Peer, item: Outgoing) -> None:
    """Hand over one object. Returns when the peer has taken it; otherwise Rejected or Unavailable."""
    item.leaves_for(peer)
    boundary = secrets.token_hex(16)
    # The transfer syntax stands in the file meta; Orthanc takes no part that names it here, and answers 200 all the same.
    head = part_head(boundary, "application/dicom", first=True)
    last = tail(boundary)

    def body() -> Iterator[bytes]:
        yield head
        with item.file.open("rb") as handle:
            while data := handle.read(CHUNK):
                yield data
        yield last

    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(len(head) + item.file.stat().st_size + len(last)),
        "Accept": JSON,
    }
    try:
        answer = client.post("/studies", content=body(), headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"{peer.aet} gave no answer ({type(error).__name__}); it may or may not have the object.",
            phase=Phase.SEND,
        ) from None
    _judge(peer, item, answer)


def _judge(peer: Peer, item: Outgoing, answer: httpx.Response) -> None:
    """Has it been taken? Only an answer that names the object says so (PS3.18 table 10.5.3-1)."""
    if answer.status_code in (400, 406, 409, 413, 415):
        reason = _reason(answer)
        if answer.status_code != 409 or reason is None or any(reason in one for one in _CONTENT):
            raise Rejected(f"{peer.aet} rejects the content (HTTP {answer.status_code}{_said(reason)}).")
    if answer.status_code not in (200, 202):
        raise Unavailable(f"{peer.aet} cannot take it now (HTTP {answer.status_code}).", phase=Phase.SEND)
    reason = _reason(answer)
    if reason is not None:
        if any(reason in one for one in _CONTENT):
            raise Rejected(f"{peer.aet} rejects the content (reason {reason:04X}).")
        raise Unavailable(f"{peer.aet} cannot take it now (reason {reason:04X}).", phase=Phase.SEND)
    named = {_first(one, "00081155") for one in _items(answer, _REFERENCED)}
    if item.sop_uid not in named:
        what = "for another object than the one it was sent" if named else "without naming what it has taken"
        raise Unavailable(f"{peer.aet} answers {what}.", phase=Phase.SEND)


def _said(reason: int | None) -> str:
    return "" if reason is None else f", reason {reason:04X}"


def _reason(answer: httpx.Response) -> int | None:
    for one in _items(answer, _FAILED):
        value = _first(one, _REASON)
        return int(value) if isinstance(value, int) else 0
    return None


def _items(answer: httpx.Response, tag: str) -> list[dict[str, Any]]:
    try:
        body = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return []
    found = body[0] if isinstance(body, list) and body else body
    sequence = found.get(tag, {}) if isinstance(found, dict) else {}
    items = sequence.get("Value", []) if isinstance(sequence, dict) else []
    return [one for one in items if isinstance(one, dict)]


def _first(item: dict[str, Any], tag: str) -> Any:
    element = item.get(tag)
    values = element.get("Value", []) if isinstance(element, dict) else []
    return values[0] if values else None


def has(client: httpx.Client, peer: Peer, *, study_uid: str, series_uid: str, sop_uid: str) -> bool | None:
    """Does this peer hold the object already? Asked by QIDO-RS; None: it cannot be asked."""
    try:
        answer = client.get(
            f"/studies/{study_uid}/series/{series_uid}/instances",
            params={"SOPInstanceUID": sop_uid},
            headers={"Accept": JSON},
        )
    except httpx.HTTPError as error:
        raise Unavailable(f"{peer.aet} gave no answer ({type(error).__name__}).", phase=Phase.FILE) from None
    if answer.status_code in (204, 404):
        return False
    if answer.status_code != 200:
        return None
    return any(_first(one, "00080018") == sop_uid for one in answer.json() if isinstance(one, dict))


def searched(client: httpx.Client, peer: Peer) -> int:
    """The HTTP status of a search for one study. Raises Unavailable without an answer."""
    try:
        return client.get("/studies", params={"limit": "1"}, headers={"Accept": JSON}).status_code
    except httpx.HTTPError as error:
        raise Unavailable(
            f"{peer.aet} gave no answer ({type(error).__name__}).", phase=Phase.CONNECT
        ) from None
