"""Whom does a result name beside its own header? Our pseudonyms and UIDs anywhere in it, at any depth.

A tool that mixes two studies up may write the header of one and the content of the other: a subject's name in the tree
of a report, an other patient ID, the accession of a request, a UID reference. Each of these is a name that we gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alarp.identity.match import Disagreement, SentStudy
from alarp.identity.objects import broken
from alarp.identity.structure import Broken, layout, leaves

_TEXTS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_PATIENT = re.compile(rb"(?<![A-Z0-9])ALARP[A-Z2-7]{16}(?![A-Z0-9])")
_ACCESSION = re.compile(rb"[A-Z2-7]{16}")
_ACCESSION_NUMBER, _OWN_UID = 0x00080050, b"2.25."


@dataclass(frozen=True, slots=True)
class Mentions:
    """Names of the form that we give: of patients, of accessions; and UIDs, which may be the tool's own."""

    patients: frozenset[str]
    accessions: frozenset[str]
    uids: frozenset[str]


def mentions_in(part10: bytes) -> Mentions:
    """Which names does this object carry that we may have given? Raises BadInput for one that is not whole."""
    patients: set[bytes] = set()
    accessions: set[bytes] = set()
    uids: set[bytes] = set()
    try:
        where = layout(part10)
        for leaf in leaves(where):
            if leaf.vr == "UI":
                parts = where.data[leaf.start : leaf.end].rstrip(b" \0").split(b"\\")
                uids.update(part for part in parts if part.startswith(_OWN_UID))
            elif leaf.vr in _TEXTS:
                value = where.data[leaf.start : leaf.end]
                patients.update(_PATIENT.findall(value))
                if leaf.tag == _ACCESSION_NUMBER and _ACCESSION.fullmatch(value.strip(b" \0")):
                    accessions.add(value.strip(b" \0"))
    except Broken as error:
        raise broken(error) from None
    return Mentions(_decoded(patients), _decoded(accessions), _decoded(uids))


def _decoded(texts: set[bytes]) -> frozenset[str]:
    return frozenset(text.decode("latin-1") for text in texts)


def others_named(found: Mentions, sent: SentStudy) -> Iterator[Disagreement]:
    """Does it name another patient or request of ours than the study that was sent?"""
    for field, names, ours in (
        ("patient named inside", found.patients, sent.patient_pseudonym),
        ("accession named inside", found.accessions, sent.accession_pseudonym),
    ):
        for name in sorted(names - {ours})[:1]:
            yield Disagreement(field, ours, name)


def unknown_uids(found: Mentions, sent: SentStudy) -> frozenset[str]:
    """The UIDs that are of this study neither as it was sent nor as it was answered before: new, or another's."""
    ours = sent.sop_instance_uids | sent.series_uids | sent.frame_of_reference_uids | {sent.study_uid}
    return found.uids - ours - sent.earlier_result_uids - sent.earlier_series_uids
