"""Does this result belong to what we sent? All of it must agree, or nobody files it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alarp.identity.header import Header

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.5", "1.2.840.10008.5.1.4.1.1.66.7")


@dataclass(frozen=True)
class SentStudy:
    """Under which names did one study go to one AI tool?"""

    patient_pseudonym: str
    accession_pseudonym: str
    study_uid: str
    series_uids: frozenset[str]
    sop_instance_uids: frozenset[str]
    frame_of_reference_uids: frozenset[str]
    earlier_result_uids: frozenset[str] = frozenset()  # what this tool returned on this study before
    earlier_series_uids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where do result and sent study part? `found` is empty where nothing was, and never shows a real identity."""

    field: str
    expected: str
    found: str


def disagreements(result: Header, sent: SentStudy) -> tuple[Disagreement, ...]:
    """In what does this result not fit the study that was sent? Empty: everything agrees, it may be filed.

    Pseudonym, Study UID and accession must be those that were sent; every object, study and series that it
    refers to, at any depth, must have been sent; it must refer to at least one object; and it must not take
    the SOP Instance UID of an object that was sent. Beside them a revised result may name those before it on the
    same study (Predecessor Documents, PS3.3 C.17.2), never those alone. A structure set or segmentation must lie in a frame of
    reference that was sent, if any was (PS3.3 C.8.8.5, C.8.20).
    """
    return (*_names(result, sent), *_references(result, sent), *_frames(result, sent))


def _names(result: Header, sent: SentStudy) -> Iterator[Disagreement]:
    if not sent.patient_pseudonym or result.patient_id != sent.patient_pseudonym:
        yield Disagreement("patient", sent.patient_pseudonym, _shown(result.patient_id))
    if not sent.study_uid or result.study_uid != sent.study_uid:
        yield Disagreement("study UID", sent.study_uid, _shown_uid(result.study_uid))
    if result.accession != sent.accession_pseudonym:
        yield Disagreement("accession", sent.accession_pseudonym, _shown(result.accession))
    if result.sop_instance_uid in sent.sop_instance_uids:
        yield Disagreement("SOP Instance UID", "a new one", "one of an object that was sent")


def _references(result: Header, sent: SentStudy) -> Iterator[Disagreement]:
    images = result.referenced_sop_uids - sent.earlier_result_uids
    if not images:
        yield Disagreement("referenced objects", "at least one object that was sent", "")
    strangers = images - sent.sop_instance_uids
    if strangers:
        yield _strange("referenced objects", "only objects that were sent", strangers)
    if result.referenced_study_uids - {sent.study_uid}:
        yield _strange(
            "referenced studies",
            "only the study that was sent",
            result.referenced_study_uids - {sent.study_uid},
        )
    known = sent.series_uids | sent.earlier_series_uids | {result.series_uid}
    if result.referenced_series_uids - known:
        yield _strange(
            "referenced series", "only series that were sent", result.referenced_series_uids - known
        )


def _frames(result: Header, sent: SentStudy) -> Iterator[Disagreement]:
    used = result.referenced_frame_of_reference_uids | (
        {result.frame_of_reference_uid} if result.frame_of_reference_uid else frozenset()
    )
    placed = result.sop_class_uid == RTSTRUCT or result.sop_class_uid in SEG
    if placed and not used and (sent.frame_of_reference_uids or result.sop_class_uid == RTSTRUCT):
        yield Disagreement("frame of reference", "one that was sent", "")
    if (placed or result.referenced_frame_of_reference_uids) and used - sent.frame_of_reference_uids:
        yield _strange("frame of reference", "only those that were sent", used - sent.frame_of_reference_uids)


def _strange(field: str, expected: str, uids: frozenset[str] | set[str]) -> Disagreement:
    return Disagreement(field, expected, f"{len(uids)} that were not sent, first {_shown_uid(min(uids))}")


def _shown(text: str) -> str:
    """A name that the result carries: shown only if it has the form of our pseudonyms, since it may be a real one."""
    form = text.removeprefix("ALARP")
    if not text:
        return ""
    if len(form) == 16 and form.isascii() and form.isalnum() and form.isupper():
        return text
    return "a name that is none of our pseudonyms"


def _shown_uid(uid: str) -> str:
    return uid if uid.startswith("2.25.") and len(uid) <= 64 else "a UID that is none of ours"
