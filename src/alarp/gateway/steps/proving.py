"""Does this study leave without its patient? Every image is proved before the first one leaves.

In a first pass each image is de-identified and scanned in memory, and the digest of what would leave is kept, with its
new names. In a second it is made again when its turn comes, and leaves only if it has that digest: `egress.leaving`
holds the very bytes against it. Making an image again costs a sixth of proving it, and so a leak in the last image
stops the first one while one image lies on disk and one in memory, however large the study is.

What one image says of its patient may stand in another that does not say it. So all are held against what any of them
says, and against what the hospital has told us besides.

Blanking text in pictures takes seconds: such an image stays on disk between the passes as far as `ROOM_BYTES` go, and
is proved anew where there was no room.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alarp.gateway import keys, profiles
from alarp.gateway.associations import Outgoing
from alarp.gateway.steps.looking import NotLookedAt, looked_at
from alarp.identity import (
    Deidentified,
    Identifiers,
    Profile,
    Pseudonyms,
    deidentify,
    identifiers_known,
    identifiers_of,
    scan,
)
from alarp.kernel import BadInput, Phase, sha256_hex
from alarp.records import copies, objects
from alarp.records.assurance.clearances import WAITS_FOR_A_LOOK
from alarp.records.ledger import pulls
from alarp.records.ledger.identities import PatientIds, known_as
from alarp.records.ledger.models import Dispatch, DispatchInstance, Study
from alarp.standards.deidentification import load_coded_words

ROOM_BYTES = 1 << 30
ROWS = 200
MOST_NAMED = 3
NOTHING_KNOWN = Identifiers({}, {}, {}, {})


class Barred(Exception):
    """It may not leave: the state it stands in now, where, and the sentence for a person."""

    def __init__(self, state: str, phase: Phase, sentence: str) -> None:
        super().__init__(sentence)
        self.state, self.phase, self.sentence = state, phase, sentence


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One image without its patient. `redrawn`: text was blanked in its pictures, so it is not made of the original.

    `names`: by what its original says who the patient is.
    """

    left: Deidentified
    part10: bytes
    pixels_cleaned: bool
    redrawn: bool
    names: Identifiers


def cleaned(
    item: DispatchInstance, profile: Profile, pseudonyms: Pseudonyms, known: Identifiers = NOTHING_KNOWN
) -> Cleaned:
    """The image without its patient, proven by the second scanner; Barred when that cannot be had.

    `known` is what is known of the patient beside what this object says.
    """
    original = objects.get(item.instance.sha256)
    try:
        shown, pixels_cleaned = looked_at(item, original)
        left = deidentify(shown, profile=profile, pseudonyms=pseudonyms, pixels_cleaned=pixels_cleaned)
        part10 = left.part10
        said = identifiers_of(original, **profile.keeps)
    except NotLookedAt as why:
        raise Barred(Dispatch.HELD, Phase.DEIDENTIFY, f"{WAITS_FOR_A_LOOK}{why}") from None
    except BadInput as error:
        raise Barred(Dispatch.FAILED, Phase.DEIDENTIFY, f"Cannot be de-identified: {error}") from None
    _second_look(item.instance_id, part10, said | known)
    return Cleaned(left, part10, pixels_cleaned, shown is not original, said.of_patient)


def _second_look(instance: int, part10: bytes, known: Identifiers) -> None:
    leaks = scan(part10, known, coded_words=load_coded_words())
    if leaks:
        kinds = ", ".join(sorted({leak.kind for leak in leaks}))
        places = sorted({leak.where for leak in leaks})
        more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
        raise Barred(
            Dispatch.FAILED,
            Phase.DEIDENTIFY,
            f"The second scanner still finds in object {instance}: {kinds}, at {', '.join(places[:MOST_NAMED])}{more}. "
            "Nothing left; have the object corrected where it comes from.",
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """One image that may leave: where it comes from, its names outside, and the digest it has to have then."""

    item: int
    instance: int
    source_sha256: str
    names: dict[str, str]
    pixels_cleaned: bool
    kept: Path | None
    redrawn: bool

    @property
    def sha256(self) -> str:
        return self.names["sent_sha256"]


class Proof:
    """The images of one study that have been proved, in the order in which they leave; `folder` is for its files."""

    def __init__(self, dispatch: Dispatch, folder: Path) -> None:
        self.images: list[Proven] = []
        self.kinds: dict[tuple[str, str, bool], Outgoing] = {}
        self.study_names: dict[str, str] = {}
        self._folder, self._room = folder, ROOM_BYTES
        self._leaving = profiles.of_deployment(dispatch.deployment_id)
        self._pseudonyms = keys.of_dispatch(dispatch)
        self._known = _known_of(dispatch.study)
        self._to_look_at_again = 0  # so many of the images, from the first on

    @property
    def noted_names(self) -> dict[str, str]:
        """What the dispatch itself notes: its names outside, and by which profile and key they were made."""
        return {"profile": keys.note(self._leaving, self._pseudonyms), **self.study_names}

    def add(self, item: DispatchInstance) -> None:
        """Prove one more image. Raises Barred when it cannot leave."""
        image = cleaned(item, self._leaving.profile, self._pseudonyms, self._known)
        left = image.left
        if (more := self._known | image.names) != self._known:
            self._known, self._to_look_at_again = more, len(self.images)
        names = {
            "sop_uid_sent": left.sop_instance_uid,
            "series_uid_sent": left.series_uid,
            "frame_uid_sent": left.frame_of_reference_uid,
            "sent_sha256": sha256_hex(image.part10),
        }
        self.study_names = {
            "patient_pseudonym": left.patient_pseudonym,
            "accession_pseudonym": left.accession_pseudonym,
            "study_uid_sent": left.study_uid,
        }
        kept = self._kept(item, image)
        source = item.instance.sha256
        proven = Proven(item.pk, item.instance_id, source, names, image.pixels_cleaned, kept, image.redrawn)
        self.images.append(proven)

    def look_again(self) -> Iterator[None]:
        """Hold the first images against what a later one said of the patient, one at a time. Raises Barred."""
        for one in self.images[: self._to_look_at_again]:
            file = one.kept
            if file is None:
                file = self._proved_anew(one)[0] if one.redrawn else self._made_again(one)
            _second_look(one.instance, file.read_bytes(), self._known)
            if one.kept is None:
                file.unlink()
            yield
        self._to_look_at_again = 0

    def _kept(self, item: DispatchInstance, image: Cleaned) -> Path | None:
        """Where this image waits, if it is to be kept; and of each kind of image one, as an association asks for it."""
        kind = (item.instance.sop_class, item.instance.transfer_syntax, image.redrawn)
        keep = image.redrawn and len(image.part10) <= self._room
        if kind in self.kinds and not keep:
            return None
        file = self._folder / f"{item.pk}.dcm"
        file.write_bytes(image.part10)
        self.kinds.setdefault(kind, Outgoing.of(file))
        if not keep:
            file.unlink()
            return None
        self._room -= len(image.part10)
        return file

    @contextmanager
    def ready(self, one: Proven) -> Iterator[Outgoing]:
        """The file of this image, for as long as it takes to hand it over."""
        if one.kept is not None:
            file, sha256 = one.kept, one.sha256
        elif one.redrawn:
            file, sha256 = self._proved_anew(one)
        else:
            file, sha256 = self._made_again(one), one.sha256
        try:
            yield Outgoing.of(file, scanned_sha256=sha256)
        finally:
            file.unlink()

    def _made_again(self, one: Proven) -> Path:
        with copies.opened(objects.path_of(one.source_sha256)) as source:
            left = deidentify(
                source,
                profile=self._leaving.profile,
                pseudonyms=self._pseudonyms,
                pixels_cleaned=one.pixels_cleaned,
            )
            return copies.write_beside(self._folder / "image.dcm", source, left.segments)

    def _proved_anew(self, one: Proven) -> tuple[Path, str]:
        item = DispatchInstance.objects.select_related("dispatch", "instance").get(pk=one.item)
        part10 = cleaned(item, self._leaving.profile, self._pseudonyms, self._known).part10
        file, sha256 = self._folder / f"{one.item}.dcm", sha256_hex(part10)
        file.write_bytes(part10)
        pulls.leaves(item, sha256)
        return file, sha256


def _known_of(study: Study) -> Identifiers:
    """What the ledger knows of this patient: also the numbers that merges have brought, which no object states."""
    numbers = {study.patient_id, study.nhs_number}
    for name in known_as(PatientIds.of(study)):
        numbers |= {name.patient_id, name.nhs_number}
    return identifiers_known(
        name=study.patient_name, numbers=sorted(numbers - {""}), birth_date=study.birth_date
    )


def waiting(dispatch: Dispatch) -> Iterator[DispatchInstance]:
    """The images of this dispatch that have not left yet, in the order in which they came; some rows at a time.

    No cursor stays open between them: SQLite lets nobody write who still reads what another has changed.
    """
    every = dispatch.items.filter(sent_at__isnull=True).select_related("instance").order_by("instance_id")
    last = 0
    while found := list(every.filter(instance_id__gt=last)[:ROWS]):
        yield from found
        last = found[-1].instance_id
