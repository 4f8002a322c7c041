"""How does an object leave the Trust without its person? The Basic Profile of PS3.15 Annex E, at every depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alarp.identity import by_bytes, by_dataset
from alarp.identity.deeds import Deed
from alarp.identity.explicit import NotPlain, Range, Source
from alarp.identity.header import read_header
from alarp.identity.leaving import Leaving
from alarp.identity.profile import CLEAN_PIXELS, Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.kernel import BadInput

_WORDS = {deed: deed.name.lower().replace("_", " ") for deed in Deed}


@dataclass(frozen=True)
class Deidentified:
    """What leaves, under which names, by which profile and key? Recorded with every send.

    `segments` are new bytes and ranges of the source, in order: whoever writes the file copies the ranges
    from there to there, whoever needs the bytes takes `part10`. `done` says what happened to how many elements.
    """

    segments: tuple[bytes | Range, ...] = field(repr=False)
    source: Source = field(repr=False, compare=False)
    patient_pseudonym: str
    accession_pseudonym: str
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    frame_of_reference_uid: str
    profile_name: str
    profile_version: str
    options: tuple[str, ...]
    key_version: int
    done: Mapping[str, int]

    @property
    def part10(self) -> bytes:
        """The bytes that leave, as one piece."""
        source = memoryview(self.source) if isinstance(self.source, bytes) else self.source  # copied once
        return b"".join(
            part if isinstance(part, bytes) else source[part.start : part.end] for part in self.segments
        )

    @property
    def size_bytes(self) -> int:
        return sum(len(part) if isinstance(part, bytes) else part.end - part.start for part in self.segments)


def deidentify(
    source: Source, *, profile: Profile, pseudonyms: Pseudonyms, pixels_cleaned: bool = False
) -> Deidentified:
    """What may leave in place of this object?

    `source` are its bytes, or anything that gives them in slices. Every attribute is treated as `profile` says, at
    every depth and also inside sequences that the table does not list. Stricter than the table: all private and
    unknown attributes go (but the listed safe ones, with that option), and so do unlisted person names, dates, times,
    free text (LT, ST, UT) and addresses (AE, UR); an unlisted UID that names an instance is mapped; an unlisted or
    kept text in which the patient's own name, number or accession stands is replaced. A sequence with action D, and
    a kept reference sequence, has every text in it replaced. Pixel data keep their bytes and are never decoded; the
    transfer syntax stays. The given bytes are not changed.

    `pixels_cleaned` says that somebody or something has looked at this object's pixels and they carry no
    identifiers (any more); with the option of clean pixel data nothing leaves without it. Raises BadInput for an
    object that cannot be read whole, and for one that says its pixels carry identifiers when nobody has looked.
    """
    if CLEAN_PIXELS in profile.options and not pixels_cleaned:
        raise BadInput(
            "The profile promises clean pixel data, but nobody has looked at the pixels of this object; hold it."
        )
    segments: tuple[bytes | Range, ...]
    try:
        segments, leaving, done = by_bytes.rewrite(source, profile, pseudonyms, pixels_cleaned=pixels_cleaned)
    except NotPlain:
        part10 = source[: len(source)]
        if not pixels_cleaned:
            _refuse_burned_in(part10)
        written, leaving, done = by_dataset.rewrite(
            part10, profile, pseudonyms, pixels_cleaned=pixels_cleaned
        )
        segments = (written,)
    return _described(segments, source, leaving, done)


def _refuse_burned_in(part10: bytes) -> None:
    if read_header(part10).burned_in.startswith("Y"):
        raise BadInput(
            "The object says that its pixels carry identifying text (Burned In Annotation (0028,0301) is YES); "
            "hold it, since only its header can be de-identified."
        )


def _described(
    segments: tuple[bytes | Range, ...], source: Source, leaving: Leaving, done: Mapping[Deed, int]
) -> Deidentified:
    who, profile = leaving.who, leaving.profile
    return Deidentified(
        segments=segments,
        source=source,
        patient_pseudonym=leaving.patient,
        accession_pseudonym=leaving.accession,
        study_uid=leaving.uid(who.study_uid),
        series_uid=leaving.uid(who.series_uid),
        sop_instance_uid=leaving.uid(who.sop_instance_uid),
        frame_of_reference_uid=leaving.uid(who.frame_of_reference_uid),
        profile_name=profile.name,
        profile_version=profile.version,
        options=profile.options,
        key_version=leaving.pseudonyms.key_version,
        done={_WORDS[deed]: count for deed, count in sorted(done.items())},
    )
