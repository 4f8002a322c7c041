"""Who asks, and for what? The caller of one DICOMweb request, its path and its parameters (PS3.18 chapter 10)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from pydicom.datadict import dictionary_has_tag, keyword_for_tag, tag_for_keyword

from alarp.gateway import callers, serving
from alarp.gateway.dicomweb.multipart import MediaType, media_type
from alarp.gateway.pulling.matching import IMAGE, SERIES, STUDY
from alarp.identity.header import valid_uid
from alarp.kernel import BadInput
from alarp.records.ledger.models import Peer

PREFIX = "/dicom-web"
_LEVELS = (("studies", STUDY, "StudyInstanceUID"), ("series", SERIES, "SeriesInstanceUID"),
           ("instances", IMAGE, "SOPInstanceUID"))  # fmt: skip


class Refused(Exception):
    """An answer other than success: the HTTP status, a sentence, and headers that go with it."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, dict(headers or {})


@dataclass(frozen=True)
class Place:
    """What a path names: the UIDs in it, the collection that is asked for below them (or none), and what of it."""

    uids: dict[str, str] = field(default_factory=dict)
    collection: str = ""
    what: str = ""
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request as this room looks at it."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    accept: tuple[MediaType, ...]
    content_type: MediaType
    body: Any
    base: str
    address: str
    authorization: str = field(repr=False)
    connection: Any = field(repr=False)


def request(environ: Mapping[str, Any]) -> Request:
    """The request of this WSGI environment."""
    accept = str(environ.get("HTTP_ACCEPT", "*/*"))
    return Request(
        method=str(environ["REQUEST_METHOD"]),
        path=str(environ.get("PATH_INFO", "")),
        parameters=tuple(
            parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True, max_num_fields=200)
        ),
        accept=tuple(media_type(one) for one in _parted(accept) if one.strip()),
        content_type=media_type(str(environ.get("CONTENT_TYPE", ""))),
        body=environ["wsgi.input"],
        base=serving.base_of(environ, PREFIX),
        address=str(environ.get("REMOTE_ADDR", "")),
        authorization=str(environ.get("HTTP_AUTHORIZATION", "")),
        connection=environ.get("gunicorn.socket"),
    )


def _parted(text: str) -> list[str]:
    """A header's list at its commas, but not at those within quotes."""
    return re.findall(r'(?:[^,"]|"[^"]*")+', text)


def caller(asked: Request) -> Peer:
    """Who is this? A peer by its token, or by the certificate it shows. Raises Refused for anybody else (401)."""
    peer = callers.by_http(asked.authorization, asked.address, asked.connection, service="DICOMweb")
    if peer is None:
        raise Refused(401, "Show the token or the certificate of a peer.", {"WWW-Authenticate": "Bearer"})
    return peer


def place(path: str) -> Place:
    """What does this path name? Raises Refused (404) for a path that is none, (400) for a UID that is not one.

    A UID is compared with the ledger's rows and never becomes part of a file's path.
    """
    if not path.startswith(PREFIX + "/"):
        raise Refused(404, "There is no such resource.")
    parts = path.removeprefix(PREFIX + "/").rstrip("/").split("/")
    uids: dict[str, str] = {}
    for word, _, keyword in _LEVELS:
        if not parts or parts[0] != word:
            continue
        if len(parts) == 1:
            return Place(uids, word)
        if not valid_uid(parts[1]):
            raise Refused(400, f"The {keyword} in the path is not a UID.")
        uids[keyword] = parts[1]
        parts = parts[2:]
    if "StudyInstanceUID" not in uids or ("SOPInstanceUID" in uids and "SeriesInstanceUID" not in uids):
        raise Refused(404, "There is no such resource.")
    return _detail(uids, parts)


def _detail(uids: dict[str, str], rest: list[str]) -> Place:
    if not rest or rest == ["metadata"]:
        return Place(uids, what=rest[0] if rest else "objects")
    if rest[0] == "frames" and len(rest) == 2 and "SOPInstanceUID" in uids:
        numbers = rest[1].split(",")
        if not all(one.isascii() and one.isdecimal() and 0 < int(one) < 10**6 for one in numbers):
            raise Refused(400, "The frames are named by their numbers from 1 on, parted by commas.")
        return Place(uids, what="frames", frames=tuple(int(one) for one in numbers))
    raise Refused(404, "There is no such resource.")


def level_of(collection: str) -> str:
    """At which level does a search in this collection stand?"""
    return next(level for word, level, _ in _LEVELS if word == collection)


def keyword_of(name: str) -> str:
    """The keyword that a parameter names, by itself or by its tag ('00100020'). Raises BadInput for neither."""
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name) and dictionary_has_tag(int(name, 16)):
        return keyword_for_tag(int(name, 16))
    if tag_for_keyword(name) is not None:
        return name
    raise BadInput(f"The parameter {name[:40]!r} is neither a DICOM keyword nor a tag; correct or remove it.")
