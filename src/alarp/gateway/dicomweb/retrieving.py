"""WADO-RS: studies, series, instances, their metadata and their frames, in the bytes in which they lie here.

Nothing is transcoded: what is asked for in another transfer syntax than it is kept in is not acceptable (406).
(PS3.18 section 10.4.)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

from alarp.gateway.associations import Outgoing
from alarp.gateway.dicomweb.asking import Place, Refused, Request
from alarp.gateway.dicomweb.multipart import CHUNK, MediaType, part_head, tail
from alarp.gateway.pulling import handing
from alarp.gateway.pulling.handing import Hands, Withheld
from alarp.gateway.pulling.matching import IMAGE, SERIES, STUDY, query
from alarp.gateway.pulling.seeing import Seen, SeenImage, View

DICOM, BYTES, RELATED = "application/dicom", "application/octet-stream", "multipart/related"
EXPLICIT = "1.2.840.10008.1.2.1"
ABSENT = "There is no such resource."
_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_SMALL_BYTES = 256  # binary values up to here stand in the metadata themselves
# PS3.18 table 8.7.3-5: how the frames of an encapsulated transfer syntax are called.
FRAME_TYPES = {
    **dict.fromkeys(("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57",
                     "1.2.840.10008.1.2.4.70"), "image/jpeg"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"), "image/jls"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"), "image/jp2"),
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}  # fmt: skip


def find(view: View, place: Place, *, service: str = "WADO-RS") -> Seen:
    """The one study, series or instance that the path names, as this peer sees it. Raises Refused (404) without."""
    level = (
        IMAGE if "SOPInstanceUID" in place.uids else SERIES if "SeriesInstanceUID" in place.uids else STUDY
    )
    asked = query(level, place.uids.items())
    found = list(view.search(asked))
    handing.refuse_unseen(view, asked, found, service=service)
    if not found or not found[0].images:
        raise Refused(404, ABSENT)
    return found[0]


def metadata(view: View, place: Place) -> Iterator[bytes]:
    """The headers of every instance that the path names, as one JSON list."""
    found = find(view, place)

    def lines() -> Iterator[bytes]:
        for number, image in enumerate(found.images):
            yield (b"," if number else b"[") + json.dumps(_described(image.header())).encode()
        yield b"]"

    return lines()


def _described(header: Dataset) -> dict[str, Any]:
    """A header without bulk data. Values that contradict their own type are left out rather than refused."""
    made: dict[str, Any] = {}
    for element in header:
        if element.VR in _BULK and len(element.value or b"") > _SMALL_BYTES:
            continue
        try:
            made[f"{element.tag:08X}"] = element.to_json_dict(None, _SMALL_BYTES)
        except (ValueError, TypeError, AttributeError, UnicodeError):
            continue
    return made


def objects(view: View, asked: Request, place: Place) -> tuple[str, Iterator[bytes]]:
    """The content type and the bytes of what the path names. Raises Refused (404, 406) before the first byte."""
    found = find(view, place)
    alone = _alone(asked, place)
    _acceptable(asked, {one.instance.transfer_syntax for one in found.images})
    given = _given(view, found.images)
    first = _first(given)
    if alone:
        return DICOM, _content(first)
    boundary = secrets.token_hex(16)
    return f'{RELATED}; type="{DICOM}"; boundary={boundary}', _multipart(boundary, first, given)


def _alone(asked: Request, place: Place) -> bool:
    """Is one instance wanted as a plain file? Otherwise as multipart/related; anything else is not acceptable."""
    kinds = [one.kind for one in asked.accept]
    if any(kind in (RELATED, "*/*", "multipart/*") for kind in kinds) and kinds[0] != DICOM:
        return False
    if DICOM in kinds and "SOPInstanceUID" in place.uids:
        return True
    raise Refused(406, 'Objects are given as multipart/related; type="application/dicom".')


def _acceptable(asked: Request, syntaxes: set[str]) -> None:
    """Does the caller take every transfer syntax in which this lies here? `*` takes any, none given Explicit VR."""
    taken = {_wanted(one) for one in asked.accept if _wanted(one)}
    if "*" in taken or syntaxes <= taken:
        return
    raise Refused(
        406, "It lies here in another transfer syntax and is not transcoded; ask with transfer-syntax=*."
    )


def _wanted(accepted: MediaType) -> str:
    """The transfer syntax that this part of an Accept header takes; empty when it is about something else."""
    if accepted.kind in ("*/*", "multipart/*"):
        return "*"
    about = accepted.parameters.get("type", DICOM) if accepted.kind == RELATED else accepted.kind
    return accepted.parameters.get("transfer-syntax", EXPLICIT) if about == DICOM else ""


def _given(view: View, images: tuple[SeenImage, ...]) -> Iterator[Outgoing]:
    """Each image's file as this peer may have it; written down as taken once the next one is asked for."""
    hands = Hands(view, "WADO-RS", view.peer.aet)
    try:
        for image in images:
            try:
                with hands.offer(image) as outgoing:
                    yield outgoing
                hands.taken(image)
            except Withheld as refusal:
                hands.withheld(image, str(refusal))
                raise
    finally:
        hands.close()


def _first(given: Iterator[Outgoing]) -> Iterator[Outgoing]:
    """The first file is fetched before anything is answered, so that a refusal is a 404 and not a broken answer."""
    try:
        first = next(given)
    except (Withheld, StopIteration):
        raise Refused(404, ABSENT) from None

    def whole() -> Iterator[Outgoing]:
        yield first
        yield from given

    return whole()


def _multipart(boundary: str, files: Iterator[Outgoing], given: Iterator[Outgoing]) -> Iterator[bytes]:
    """A refusal in the middle breaks the answer off: what is given is complete only with its last boundary."""
    try:
        for number, outgoing in enumerate(files):
            kind = f"{DICOM}; transfer-syntax={outgoing.transfer_syntax}"
            yield part_head(boundary, kind, first=number == 0)
            yield from _read(outgoing)
        yield tail(boundary)
    finally:
        given.close()  # type: ignore[attr-defined]


def _content(files: Iterator[Outgoing]) -> Iterator[bytes]:
    for outgoing in files:
        yield from _read(outgoing)


def _read(outgoing: Outgoing) -> Iterator[bytes]:
    with outgoing.file.open("rb") as handle:
        while data := handle.read(CHUNK):
            yield data


def frames(view: View, asked: Request, place: Place) -> tuple[str, Iterator[bytes]]:
    """These frames of one instance as they are stored. Raises Refused (404) for a frame that it does not have."""
    found = find(view, place)
    syntax = found.images[0].instance.transfer_syntax
    kind = FRAME_TYPES.get(syntax, BYTES)
    accepted = {
        one.parameters.get("type", "*/*") if one.kind == RELATED else one.kind for one in asked.accept
    }
    if not accepted & {kind, "*/*", "image/*" if kind != BYTES else kind}:
        raise Refused(406, f"The frames lie here as {kind} and are not transcoded.")
    boundary = secrets.token_hex(16)
    cut = _cut(_first(_given(view, found.images)), place.frames)

    def body() -> Iterator[bytes]:
        for number, frame in enumerate(cut):
            yield part_head(boundary, f"{kind}; transfer-syntax={syntax}", first=number == 0)
            yield frame
        yield tail(boundary)

    return f'{RELATED}; type="{kind}"; boundary={boundary}', body()


def _cut(files: Iterator[Outgoing], numbers: tuple[int, ...]) -> list[bytes]:
    for outgoing in files:
        dataset = dcmread(outgoing.file)
        if "PixelData" not in dataset:
            raise Refused(404, "The instance has no frames.")
        count = int(dataset.get("NumberOfFrames") or 1)
        if any(number > count for number in numbers):
            raise Refused(404, f"The instance has {count} frames.")
        cut = [_frame(dataset, outgoing.transfer_syntax, number, count) for number in numbers]
        for _ in files:  # lets the one file be written down as taken
            pass
        return cut
    raise Refused(404, ABSENT)


def _frame(dataset: Dataset, syntax: str, number: int, count: int) -> bytes:
    if UID(syntax).is_encapsulated:
        return bytes(get_frame(dataset.PixelData, number - 1, number_of_frames=count))
    length = get_expected_length(dataset) // count
    return bytes(dataset.PixelData[(number - 1) * length : number * length])
