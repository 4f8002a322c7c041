"""The FHIR door as a WSGI application: who posts, is it safe here, and an OperationOutcome without a name in it.

201 is said when the resource, and what follows from it, is durable; 200 when it was here before, or nothing here uses
it; 422 when it is kept but could not be used and waits for a person (send the corrected one, not this one again). A
5xx, or no answer, means: not kept, send it again. The same bytes from the same sender are done once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from django.db import DatabaseError, close_old_connections

from alarp.gateway import callers, serving
from alarp.gateway.fhir.capability import JSON, statement
from alarp.gateway.receiving import check_space
from alarp.kernel import AlarpError, BadInput, Unavailable
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer
from alarp.records.messages import commands
from alarp.records.messages.models import Message
from alarp.records.messages.reading import fhir

LOG = logging.getLogger("alarp.gateway.fhir")
PREFIX = "/fhir"
KINDS = frozenset(fhir.READERS)
TAKEN_TYPES = frozenset({JSON, "application/json", "text/json"})  # R4 3.1.0.1.9
UNUSED = "It says nothing new, or nothing that is used here; its content is not kept."


class Refused(Exception):
    """An answer other than success: the HTTP status, the issue's code (R4, issue-type), a sentence, more headers."""

    def __init__(self, status: int, code: str, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a resource, and where what was sent stands."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request. Nothing that was sent stands in an answer that says why something failed."""
    close_old_connections()
    try:
        answer = _answered(environ)
    except Refused as refusal:
        answer = Answer(refusal.status, fhir.outcome(refusal.sentence, refusal.code), refusal.headers)
    except BadInput as error:
        answer = Answer(400, fhir.outcome(str(error)))
    except (Unavailable, AlarpError, DatabaseError, OSError) as error:
        LOG.error("a FHIR request was not taken in (%s)", type(error).__name__)
        answer = Answer(
            503, fhir.outcome("It is not kept; send it again later.", "transient"), {"Retry-After": "60"}
        )
    headers = {
        "Content-Type": f"{JSON}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    start_response(
        f"{answer.status} {HTTPStatus(answer.status).phrase}", list((headers | dict(answer.headers)).items())
    )
    return [json.dumps(answer.body).encode()]


def _answered(environ: Mapping[str, Any]) -> Answer:
    method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO", "")).rstrip("/")
    base = serving.base_of(environ, PREFIX)
    if path == f"{PREFIX}/metadata":
        if method != "GET":
            raise Refused(405, "not-supported", "The CapabilityStatement is asked for with GET.", Allow="GET")
        return Answer(200, statement(KINDS, software=version("alarp"), url=base))
    kind = _kind(path)
    if method != "POST":
        raise Refused(
            405, "not-supported", "Resources are posted here and cannot be read back.", Allow="POST"
        )
    peer = _sender(environ)
    data = _body(environ)
    check_space()
    if kind:
        return _created(_only(data, kind, peer), base)
    return _batch(data, peer, base)


def _kind(path: str) -> str:
    """What kind of resource goes to this path? Empty: a Bundle, to the base itself."""
    if path == PREFIX:
        return ""
    kind = path.removeprefix(f"{PREFIX}/")
    if path == kind or kind not in KINDS:
        raise Refused(
            404, "not-supported", f"Post a Bundle to {PREFIX}, or one of {', '.join(sorted(KINDS))}."
        )
    return kind


def _sender(environ: Mapping[str, Any]) -> Peer:
    """Who posts? A peer by its token or certificate, and one that the settings name."""
    address = str(environ.get("REMOTE_ADDR", ""))
    authorization, connection = str(environ.get("HTTP_AUTHORIZATION", "")), environ.get("gunicorn.socket")
    peer = callers.by_http(authorization, address, connection, service="FHIR")
    if peer is None:
        raise Refused(401, "login", "Show the token or the certificate of a peer.", WWW_Authenticate="Bearer")
    if peer.kind == Peer.TOOL or peer.aet not in {
        title.strip() for title in configuration().fhir_senders.split(",")
    }:
        why = f"FHIR: {peer.aet} is not among those who may post (fhir_senders)."
        callers.unexpected(callers.Caller(peer.aet, "FHIR", address), why, peer)
        raise Refused(403, "forbidden", "This peer may not post here.")
    return peer


def _body(environ: Mapping[str, Any]) -> bytes:
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    if kind not in TAKEN_TYPES:
        raise Refused(415, "not-supported", f"Resources are sent as {JSON}.")
    most = configuration().fhir_most_kb * 1024
    data: bytes = environ["wsgi.input"].read(most + 1)
    if len(data) > most:
        raise Refused(413, "too-long", f"The request is larger than {most // 1024} kB; send less at once.")
    return data


def _only(data: bytes, kind: str, peer: Peer) -> fhir.Incoming:
    found = commands.fhir_in(data, sender=f"FHIR {peer.aet}", issuer=peer.patient_issuer)
    if len(found) != 1 or found[0].envelope.kind != kind:
        raise BadInput(f"This address takes one {kind}; send a Bundle to {PREFIX}.")
    return found[0]


def _created(one: fhir.Incoming, base: str) -> Answer:
    message = commands.receive_fhir(one, by=commands.recorder())
    status, body = _verdict(message)
    where = {"Location": f"{base}/{one.envelope.kind}/{message.pk}"} if status in (200, 201) else {}
    return Answer(status, body, where)


def _verdict(message: Message) -> tuple[int, Mapping[str, Any]]:
    if message.outcome in (Message.WAITING, Message.REFUSED):
        return 422, json.loads(message.answer)
    if message.outcome == Message.UNUSED:
        return 200, fhir.outcome(told=UNUSED)
    return (201 if message.times_received == 1 else 200), json.loads(message.answer)


def _batch(data: bytes, peer: Peer, base: str) -> Answer:
    """Each resource for itself, in the order sent; the answers stand in the same order (R4 3.1.0.11.2)."""
    entries = []
    for one in commands.fhir_in(data, sender=f"FHIR {peer.aet}", issuer=peer.patient_issuer, batch=True):
        reply = _of_batch(one, base)
        said = {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}", "outcome": reply.body}
        if "Location" in reply.headers:
            said["location"] = reply.headers["Location"]
        entries.append({"response": said})
    return Answer(200, {"resourceType": "Bundle", "type": "batch-response", "entry": entries})


def _of_batch(one: fhir.Incoming, base: str) -> Answer:
    kind = one.envelope.kind
    if one.asked not in ("", f"POST {kind}"):
        return Answer(405, fhir.outcome("Resources are posted here, each to its own kind.", "not-supported"))
    if kind == "Patient":
        return Answer(200, fhir.outcome(told="Read for those that refer to it; not kept."))
    if kind not in KINDS:
        return Answer(404, fhir.outcome("Nothing here takes this kind of resource.", "not-supported"))
    return _created(one, base)
