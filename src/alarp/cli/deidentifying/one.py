"""What becomes of one file? Cleaned and written, or refused with one sentence; nothing in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from alarp.identity import (
    Deidentified,
    Profile,
    Pseudonyms,
    deidentify,
    identifiers_of,
    read_header,
    scan,
    suspicion,
)
from alarp.kernel import AlarpError, BadInput, sha256_hex
from alarp.records import copies

CLEANED, REFUSED, SKIPPED = "cleaned", "refused", "skipped"


class Pictures(StrEnum):
    """What becomes of an object whose picture may carry a name: refused, its text blanked, or looked at by you."""

    HOLD = "hold"
    BLANK = "blank"
    LOOKED_AT = "looked-at"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the manifest. It names no source: its path may hold a patient's name, its digest does not."""

    source_sha256: str
    state: str
    output: str = ""
    output_sha256: str = ""
    output_bytes: int = 0
    done: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What every file is treated with, and where the copies go."""

    profile: Profile
    pseudonyms: Pseudonyms
    out: Path
    pictures: Pictures = Pictures.HOLD


def clean(file: Path, work: Work) -> Line:
    """De-identify one file into its place under `work.out`, after the second scan has read it back and found nothing."""
    if file.name.upper() == "DICOMDIR":
        return Line(
            "", SKIPPED, trouble="a DICOMDIR lists the original files; make a new one from the copies"
        )
    digest = ""
    try:
        with copies.opened(file) as source:
            original = source[0 : len(source)]
            digest = sha256_hex(original)
            shown, places, looked = _shown(original, work.pictures)
            cleaned = deidentify(
                shown, profile=work.profile, pseudonyms=work.pseudonyms, pixels_cleaned=looked
            )
            if shown is not original:  # its ranges are not those of the file
                done = {**cleaned.done, "text blanked": places}
                cleaned = replace(cleaned, segments=(cleaned.part10,), done=done)
            return _written(digest, original, source, cleaned, work)
    except AlarpError as error:
        return Line(digest, REFUSED, trouble=str(error))
    except OSError as error:
        return Line(
            digest, REFUSED, trouble=f"The file cannot be read or its copy written ({error.strerror})."
        )


def _shown(original: bytes, pictures: Pictures) -> tuple[bytes, int, bool]:
    """What of the picture may leave, at how many places text was blanked in it, and has anybody or anything looked?"""
    why = suspicion(read_header(original))
    if not why:
        return original, 0, False
    if pictures == Pictures.LOOKED_AT:
        return original, 0, True
    if pictures == Pictures.HOLD:
        raise BadInput(
            f"The picture may carry a name: {why}. Have text blanked (--pictures blank), or look at it yourself "
            "and say so (--pictures looked-at)."
        )
    from alarp.identity.pixel_text import blanked  # weighs more than the rest of the command together

    looked = blanked(original)
    return looked.part10, len(looked.regions), True


def _written(
    digest: str, original: bytes, source: copies.FileBytes, cleaned: Deidentified, work: Work
) -> Line:
    name = f"{cleaned.study_uid}/{cleaned.series_uid}/{cleaned.sop_instance_uid}.dcm"
    target = work.out / name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = copies.write_beside(target, source, cleaned.segments)
    written = temporary.read_bytes()
    leaks = scan(written, identifiers_of(original, keeps_uids="retain-uids" in work.profile.options))
    if leaks:
        temporary.unlink()
        kinds = ", ".join(sorted({leak.kind for leak in leaks}))
        return Line(digest, REFUSED, trouble=f"The second scan still finds: {kinds}; nothing was written.")
    try:
        copies.settle(temporary, target)
    except FileExistsError:
        if target.read_bytes() != written:
            return Line(
                digest,
                REFUSED,
                trouble="Another file with the same UIDs but other contents was cleaned before; look which is right.",
            )
    return Line(digest, CLEANED, name, sha256_hex(written), len(written), dict(cleaned.done))
