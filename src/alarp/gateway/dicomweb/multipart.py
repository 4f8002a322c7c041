"""Multipart bodies, in and out, without ever holding one in memory (RFC 2046 section 5.1, RFC 2387)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import BinaryIO

from alarp.kernel import BadInput

CHUNK = 256 * 1024
MOST_HEAD_BYTES = 8 * 1024
MOST_BOUNDARY = 200  # RFC 2046 section 5.1.1 says 70; Orthanc's are 73 characters long


@dataclass(frozen=True, slots=True)
class MediaType:
    """'multipart/related; type="application/dicom"; boundary=x': the kind and its parameters, names in lower case."""

    kind: str
    parameters: dict[str, str]


def media_type(text: str) -> MediaType:
    """One media type from a header's value."""
    message = Message()
    message["Content-Type"] = text.replace("\r", " ").replace("\n", " ")
    found = dict(message.get_params(failobj=[])[1:])
    return MediaType(message.get_content_type(), {str(k).lower(): str(v) for k, v in found.items()})


class Parts:
    """The parts of one multipart body, one after the other; each is read to its end before the next one begins."""

    def __init__(self, stream: BinaryIO, boundary: str, *, most_bytes: int) -> None:
        """Raises BadInput for a boundary that is none; `most_bytes` bounds the whole body."""
        if not 1 <= len(boundary) <= MOST_BOUNDARY or not boundary.isascii() or not boundary.isprintable():
            raise BadInput("The multipart body names no usable boundary; name one of up to 70 characters.")
        self._stream, self._left = stream, most_bytes
        self._mark = b"\r\n--" + boundary.encode()
        self._have = b"\r\n"  # so that the first boundary, at the very beginning, looks like every other
        self._ended = False

    def __iter__(self) -> Iterator[tuple[dict[str, str], Iterator[bytes]]]:
        """Headers (names in lower case) and content of each part. Raises BadInput where the body is cut off or too big."""
        for _ in self._until_mark():
            pass  # what stands before the first boundary is for nobody (RFC 2046: preamble)
        while not self._last():
            headers = self._headers()
            content = self._until_mark()
            yield headers, content
            for _ in content:
                pass

    def _more(self) -> bool:
        if self._ended:
            return False
        data = self._stream.read(CHUNK)
        self._left -= len(data)
        if self._left < 0:
            raise BadInput(
                "The body is larger than this service takes in one request; send fewer objects at once."
            )
        self._ended = not data
        self._have += data
        return bool(data)

    def _until_mark(self) -> Iterator[bytes]:
        """The bytes before the next boundary, which is taken away with them."""
        keep = len(self._mark) - 1
        while True:
            at = self._have.find(self._mark)
            if at >= 0:
                found, self._have = self._have[:at], self._have[at + len(self._mark) :]
                if found:
                    yield found
                return
            if len(self._have) > keep:
                found, self._have = self._have[:-keep], self._have[-keep:]
                yield found
            if not self._more():
                raise BadInput("The multipart body ends before its last boundary; send it again, whole.")

    def _last(self) -> bool:
        """Was that the closing boundary? Otherwise the line it stands on is read to its end."""
        while len(self._have) < 2 and self._more():
            pass
        if self._have.startswith(b"--"):
            return True
        self._line()
        return False

    def _line(self) -> bytes:
        while b"\r\n" not in self._have[:MOST_HEAD_BYTES]:
            if len(self._have) >= MOST_HEAD_BYTES or not self._more():
                raise BadInput("A part of the multipart body has no readable head; send it again.")
        line, _, self._have = self._have.partition(b"\r\n")
        return line

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        size = 0
        while line := self._line():
            size += len(line)
            if size > MOST_HEAD_BYTES:
                raise BadInput("The head of a part of the multipart body is too long.")
            name, _, value = line.decode("latin-1").partition(":")
            found[name.strip().lower()] = value.strip()
        return found


def part_head(boundary: str, content_type: str, *, first: bool, location: str = "") -> bytes:
    """What stands before the content of one part."""
    lines = [f"--{boundary}", f"Content-Type: {content_type}"]
    if location:
        lines.append(f"Content-Location: {location}")
    return ("" if first else "\r\n").encode() + "\r\n".join([*lines, "", ""]).encode()


def tail(boundary: str, *, empty: bool = False) -> bytes:
    """What stands after the last part."""
    return ("" if empty else "\r\n").encode() + f"--{boundary}--\r\n".encode()
