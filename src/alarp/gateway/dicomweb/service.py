"""The DICOMweb service as a WSGI application: who asks, for what, and an answer without a name in it when it fails."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError, close_old_connections

from alarp.gateway.adapters import posting
from alarp.gateway.dicomweb import asking, querying, retrieving, storing
from alarp.gateway.dicomweb.asking import Place, Refused, Request
from alarp.gateway.pulling import throttle
from alarp.gateway.pulling.handing import Withheld
from alarp.gateway.pulling.seeing import View, view_of
from alarp.kernel import AlarpError, BadInput, Unavailable
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.dicomweb")
Answer = tuple[int, dict[str, str], Iterable[bytes]]
PLAIN = "text/plain; charset=utf-8"


class Body:
    """An answer's bytes as they are made, and what has to be given back when the last is out or the caller is gone."""

    def __init__(self, chunks: Iterator[bytes], held: ExitStack) -> None:
        self._chunks, self._held = chunks, held

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except (Withheld, AlarpError, DatabaseError) as error:
            LOG.error("an answer was broken off (%s)", type(error).__name__)
            # Without its last boundary nobody takes it for whole; the server writes no address of it into its log.
            raise ConnectionResetError(errno.ECONNRESET, "broken off") from None

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._held.close()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request. Nothing that was sent stands in an answer that says why something failed."""
    close_old_connections()
    held = ExitStack()
    try:
        status, headers, body = _answered(environ, held)
    except Refused as refusal:
        held.close()
        status, headers, body = _failed(refusal.status, refusal.sentence)
        headers |= refusal.headers
    except BadInput as error:
        held.close()
        status, headers, body = _failed(400, str(error))
    except Unavailable as error:
        held.close()
        LOG.error("a DICOMweb request was not answered: %s", error)
        status, headers, body = _failed(503, "It cannot be answered now; ask again later.")
        headers["Retry-After"] = "5"
    except (AlarpError, DatabaseError) as error:
        held.close()
        LOG.error("a DICOMweb request was not answered (%s)", type(error).__name__)
        status, headers, body = _failed(500, "It cannot be answered; the service's log says where it broke.")
    except BaseException:
        held.close()
        raise
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} | headers
    start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
    return body if isinstance(body, (list, Body)) else Body(iter(body), held)


def _answered(environ: dict[str, Any], held: ExitStack) -> Answer:
    asked = asking.request(environ)
    peer = asking.caller(asked)
    if asked.path == posting.PATH:
        status, kept = posting.answer(peer, asked)
        held.close()
        return status, {"Content-Type": "application/json"}, [json.dumps(kept).encode()]
    place = asking.place(asked.path)
    if asked.method == "POST" and (
        place.collection == "studies" or (place.what == "objects" and len(place.uids) == 1)
    ):
        status, answer = storing.store(peer, asked, place)
        held.close()
        return status, {"Content-Type": querying.JSON}, [json.dumps(answer).encode()]
    if asked.method != "GET":
        raise Refused(
            405, "This is asked for with GET; objects are stored with POST.", {"Allow": "GET, POST"}
        )
    return _pulled(peer, asked, place, held)


def _pulled(peer: Peer, asked: Request, place: Place, held: ExitStack) -> Answer:
    view: View | None = view_of(peer)
    if view is None:
        raise Refused(403, "This peer may not search or fetch here.")
    held.enter_context(throttle.turn(peer.aet))
    if place.collection:
        found, headers = querying.search(view, asked, place)
        held.close()
        if not found:
            return 204, headers, []
        return 200, headers | {"Content-Type": querying.JSON}, [json.dumps(found).encode()]
    if place.what == "metadata":
        return 200, {"Content-Type": querying.JSON}, Body(retrieving.metadata(view, place), held)
    read = retrieving.frames if place.what == "frames" else retrieving.objects
    kind, chunks = read(view, asked, place)
    return 200, {"Content-Type": kind}, Body(chunks, held)


def _failed(status: int, sentence: str) -> Answer:
    return status, {"Content-Type": PLAIN}, [f"{sentence}\n".encode()]
