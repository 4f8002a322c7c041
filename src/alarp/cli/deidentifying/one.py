"""What becomes of one file? Cleaned and written, or refused with one sentence; nothing in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from alarp.identity import (
    Deidentified,
    Profile,
    Pseudonyms,
    Range,
    deidentify,
    identifiers_of,
    read_header,
    scan,
    suspicion,
)
from alarp.kernel import AlarpError, BadInput, sha256_hex
from alarp.records import copies
from alarp.standards.deidentification import load_coded_words

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


@dataclass(frozen=True, slots=True)
class _Copy:
    """What was written beside its place, and read back from there."""

    temporary: Path
    part10: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """One file whose copy is being written."""

    digest: str
    original: bytes
    cleaned: Deidentified
    target: Path
    copy: Future[_Copy]


def clean_each(files: Iterable[Path], work: Work) -> Iterator[tuple[Path, Line]]:
    """De-identify files, in this order, each into its place under `work.out` once the second scan has found nothing.

    While one copy is written and read back, on a thread of its own, the next file's header is treated.
    """
    under_way: deque[tuple[Path, Line | _Begun]] = deque()
    with ThreadPoolExecutor(1, "copy") as behind:
        try:
            for file in files:
                under_way.append((file, _begun(file, work, behind)))
                if len(under_way) > 1:
                    yield _finished(*under_way.popleft(), work)
            if under_way:
                yield _finished(*under_way.popleft(), work)
        finally:
            for _, one in under_way:  # nobody waits for it any more
                if isinstance(one, _Begun):
                    with suppress(OSError):
                        one.copy.result().temporary.unlink()


def _begun(file: Path, work: Work, behind: Executor) -> Line | _Begun:
    if file.name.upper() == "DICOMDIR":
        return Line(
            "", SKIPPED, trouble="a DICOMDIR lists the original files; make a new one from the copies"
        )
    digest = ""
    with ExitStack() as opened:
        try:
            source = opened.enter_context(copies.opened(file))
            original = source[0 : len(source)]
            digest = sha256_hex(original)
            shown, places, looked = _shown(original, work.pictures)
            cleaned = deidentify(
                shown, profile=work.profile, pseudonyms=work.pseudonyms, pixels_cleaned=looked
            )
            if shown is not original:  # its ranges are not those of the file
                done = {**cleaned.done, "text blanked": places}
                cleaned = replace(cleaned, segments=(cleaned.part10,), done=done)
            target = work.out / _name_of(cleaned)
            target.parent.mkdir(parents=True, exist_ok=True)
        except (AlarpError, OSError) as error:
            return _refused(digest, error)
        copy = behind.submit(_copied, opened.pop_all(), target, source, cleaned.segments)
        return _Begun(digest, original, cleaned, target, copy)


def _name_of(cleaned: Deidentified) -> str:
    return f"{cleaned.study_uid}/{cleaned.series_uid}/{cleaned.sop_instance_uid}.dcm"


def _refused(digest: str, error: AlarpError | OSError) -> Line:
    if isinstance(error, AlarpError):
        return Line(digest, REFUSED, trouble=str(error))
    return Line(digest, REFUSED, trouble=f"The file cannot be read or its copy written ({error.strerror}).")


def _copied(
    opened: ExitStack, target: Path, source: copies.FileBytes, segments: Sequence[bytes | Range]
) -> _Copy:
    with opened:
        temporary = copies.write_beside(target, source, segments)
    try:
        written = temporary.read_bytes()
    except BaseException:
        temporary.unlink()
        raise
    return _Copy(temporary, written, sha256_hex(written))


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


def _finished(file: Path, one: Line | _Begun, work: Work) -> tuple[Path, Line]:
    if isinstance(one, Line):
        return file, one
    try:
        return file, _settled(one, one.copy.result(), work)
    except (AlarpError, OSError) as error:
        return file, _refused(one.digest, error)


def _settled(one: _Begun, copy: _Copy, work: Work) -> Line:
    """Give the copy its name, if it may have it. What has none is gone."""
    try:
        known = identifiers_of(one.original, **work.profile.keeps)
        leaks = scan(copy.part10, known, coded_words=load_coded_words())
    except BaseException:
        copy.temporary.unlink()
        raise
    if leaks:
        copy.temporary.unlink()
        kinds = ", ".join(sorted({leak.kind for leak in leaks}))
        return Line(
            one.digest, REFUSED, trouble=f"The second scan still finds: {kinds}; nothing was written."
        )
    try:
        copies.settle(copy.temporary, one.target)
    except FileExistsError:
        if one.target.read_bytes() != copy.part10:
            return Line(
                one.digest,
                REFUSED,
                trouble="Another file with the same UIDs but other contents was cleaned before; look which is right.",
            )
    done = dict(one.cleaned.done)
    return Line(one.digest, CLEANED, _name_of(one.cleaned), copy.sha256, len(copy.part10), done)
