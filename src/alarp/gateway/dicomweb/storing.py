"""STOW-RS: objects that come in by HTTP go through the same door as those that come by C-STORE (PS3.18 section 10.5).

A part is written to a file as it comes; an object is answered as stored only when its bytes and its row are durable.
The file meta that came is replaced by the gateway's own, so that the same data set has the same digest by either way.
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from django.db import DatabaseError
from pydicom.dataset import Dataset

from alarp.gateway import receiving
from alarp.gateway.dicomweb.asking import Place, Refused, Request
from alarp.gateway.dicomweb.multipart import Parts
from alarp.gateway.dicomweb.querying import JSON
from alarp.gateway.receiving.files import under_own_meta
from alarp.identity.header import read_header
from alarp.kernel import BadInput, Unavailable
from alarp.records import objects
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.dicomweb")
OUT_OF_RESOURCES, DOES_NOT_FIT, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000  # PS3.18 annex I.2.2
MOST_PARTS = 10_000
MEGABYTE = 2**20


class NotKept(Exception):
    """This one object is not kept, for this reason (a failure reason of PS3.18 annex I.2.2)."""

    def __init__(self, reason: int, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass
class Outcome:
    """What became of each object of one request: class, instance, and the reason where it was not kept."""

    kept: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def status(self) -> int:
        """200 when all was kept, 202 when some was, 409 when nothing was (PS3.18 table 10.5.3-1); 503 without room."""
        if not self.failed:
            return 200
        if not self.kept and all(reason == OUT_OF_RESOURCES for _, _, reason in self.failed):
            return 503
        return 202 if self.kept else 409


def store(peer: Peer, asked: Request, place: Place) -> tuple[int, dict[str, Any]]:
    """Keep every object of this request; answers the status and the response data set as DICOM JSON."""
    kind = asked.content_type
    if (
        kind.kind != "multipart/related"
        or kind.parameters.get("type", "application/dicom") != "application/dicom"
    ):
        raise Refused(415, 'Objects are sent as multipart/related; type="application/dicom".')
    if not any(one.kind in (JSON, "*/*", "application/*", "application/json") for one in asked.accept):
        raise Refused(406, f"The answer is given as {JSON}.")
    study, outcome = place.uids.get("StudyInstanceUID", ""), Outcome()
    try:
        receiving.check_space()
        parts = Parts(
            asked.body,
            kind.parameters.get("boundary", ""),
            most_bytes=configuration().dicomweb_most_mb * MEGABYTE,
        )
        for number, (_, content) in enumerate(parts):
            if number >= MOST_PARTS:
                raise BadInput(f"One request holds at most {MOST_PARTS} objects; send fewer at once.")
            _one(peer, content, study, outcome)
    except BadInput as error:
        LOG.warning("a STOW-RS request of %s was broken off: %s", peer.aet, error)
        raise Refused(413 if "larger than" in str(error) else 400, str(error)) from None
    except Unavailable as error:
        LOG.error("%s", error)
        raise Refused(503, "There is no room now; send it again later.", {"Retry-After": "60"}) from None
    return outcome.status, _response(outcome, asked.base, study)


def _one(peer: Peer, content: Iterator[bytes], study: str, outcome: Outcome) -> None:
    """Keep one part; what cannot be kept is told in the answer and leaves nothing behind."""
    folder = objects.incoming_folder()
    name = f"stow-{os.getpid()}-{secrets.token_hex(8)}"
    came, file = folder / f"{name}.part", folder / name
    sop_class = sop_uid = ""
    try:
        with came.open("xb") as out:
            for data in content:
                out.write(data)
        sop_class, sop_uid, syntax = _understood(came, file)
        _check_study(file, study)
        receiving.keep(peer, file, sop_uid=sop_uid, sop_class=sop_class, transfer_syntax=syntax)
        outcome.kept.append((sop_class, sop_uid))
    except NotKept as refusal:
        LOG.warning("an object of %s was not kept: %s", peer.aet, refusal)
        outcome.failed.append((sop_class, sop_uid, refusal.reason))
    except (OSError, DatabaseError) as error:
        LOG.error("an object was not kept (%s); the sender was told so", type(error).__name__)
        outcome.failed.append((sop_class, sop_uid, OUT_OF_RESOURCES))
    finally:
        came.unlink(missing_ok=True)
        file.unlink(missing_ok=True)


def _understood(came: Path, file: Path) -> tuple[str, str, str]:
    try:
        return under_own_meta(came, file)
    except BadInput as error:
        raise NotKept(CANNOT_UNDERSTAND, str(error)) from None


def _check_study(file: Path, study: str) -> None:
    """Does it belong to the study that the path names? Only then is a header read before it is kept."""
    if not study:
        return
    try:
        with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = read_header(cast(bytes, data)).study_uid
    except BadInput:
        found = ""
    if found != study:
        raise NotKept(DOES_NOT_FIT, "it does not belong to the study that the path names")


def _response(outcome: Outcome, base: str, study: str) -> dict[str, Any]:
    answer = Dataset()
    if study:
        answer.RetrieveURL = f"{base}/studies/{study}"
    answer.ReferencedSOPSequence = [_item(sop_class, sop_uid) for sop_class, sop_uid in outcome.kept]
    if outcome.failed:
        failed = []
        for sop_class, sop_uid, reason in outcome.failed:
            item = _item(sop_class, sop_uid)
            item.FailureReason = reason
            failed.append(item)
        answer.FailedSOPSequence = failed
    return dict(answer.to_json_dict())


def _item(sop_class: str, sop_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class or None, sop_uid or None
    return item
