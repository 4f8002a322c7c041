"""Does what others hold agree with the ledger? One day counted anew, by everybody but the ledger itself.

The balance of a day (`reconciliation`) adds up the ledger's own rows. Here each number is held against a witness that
wrote its count without the ledger: the files of the store, the egress record (written at the socket), the sender, the
PACS and the AI tool, as they answer when they are asked. A difference names the study by its number, the witness, and
both numbers. A witness that cannot be asked is named as well: silence is no agreement.

The finding is an event of the audit chain: nobody can make a difference disappear afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from alarp.identity import read_header
from alarp.kernel import BadInput
from alarp.records import clock, egress, objects
from alarp.records.audit import commands as audit
from alarp.records.audit.models import AuditEvent
from alarp.records.configuration import configuration
from alarp.records.ledger import work
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Study, Work
from alarp.records.ledger.reconciliation import bounds

KIND, COUNTED = "recount", "day counted anew"
STORE, EGRESS = "the store", "the egress record"
MOST_KEPT = 200
"""Differences that the event names one by one; the rest it counts."""
CLOSE = timedelta(hours=1)
"""An object that leaves at midnight may stand on either side of it in the two records."""
UNDER_WAY = (Dispatch.WAITING, Dispatch.READY, Dispatch.HELD)


@dataclass(frozen=True, slots=True)
class Difference:
    """One study of which a witness holds another number than the ledger. Study 0: of none that the ledger knows."""

    study: int
    witness: str
    what: str
    ledger: int
    found: int

    @property
    def sentence(self) -> str:
        """'Study 12, images sent to flag-river: 4 by the ledger, 3 by the egress record.'"""
        name = f"Study {self.study}" if self.study else "No study of the ledger"
        return f"{name}, {self.what}: {self.ledger:,} by the ledger, {self.found:,} by {self.witness}."


@dataclass(frozen=True, slots=True)
class Witness:
    """One who was asked: for how many studies it gave a number, and what kept it from answering for the others."""

    name: str
    studies: int
    differences: tuple[Difference, ...]
    silent: int = 0
    trouble: str = ""

    @property
    def sentence(self) -> str:
        """'PACS1 agrees in 40 studies, differs in 2, does not say in 3.'"""
        different = len({one.study for one in self.differences})
        text = f"{self.name} agrees in {max(self.studies - different, 0):,} studies, differs in {different:,}"
        if self.silent:
            text += f", does not say in {self.silent:,}"
        return f"{text}.{' ' + self.trouble if self.trouble else ''}"


@dataclass(frozen=True, slots=True)
class Recount:
    """What every witness said of one day."""

    day: date
    at: datetime
    witnesses: tuple[Witness, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(one for witness in self.witnesses for one in witness.differences)

    @property
    def agrees(self) -> bool:
        """Does nobody hold another number, and could everybody be asked?"""
        return not self.differences and not any(witness.trouble for witness in self.witnesses)

    @property
    def sentence(self) -> str:
        found = len(self.differences)
        if found:
            return f"{found:,} {'difference' if found == 1 else 'differences'} from the ledger."
        return (
            "Everybody who was asked agrees with the ledger."
            if self.agrees
            else "Not everybody could be asked."
        )


def differing(
    witness: str, what: str, ledger: Counter[int], found: Counter[int], *, more_is_wrong: bool = True
) -> tuple[Difference, ...]:
    """In which studies are these two counts not the same (or, where more is no fault, the second smaller)?"""
    return tuple(
        Difference(study, witness, what, ledger[study], found[study])
        for study in sorted(ledger.keys() | found.keys())
        if found[study] < ledger[study] or (more_is_wrong and found[study] > ledger[study])
    )


def store_of(day: date) -> Witness:
    """The files: is every object of the day there with its full size, and is there any that no row speaks of?

    Walks the whole store: seconds for a million files.
    """
    begin, end = bounds(day)
    rows = Instance.objects.filter(received_at__gte=begin, received_at__lt=end)
    ledger: Counter[int] = Counter()
    found: Counter[int] = Counter()
    for study, sha256, size in rows.values_list("study", "sha256", "size_bytes").distinct().iterator():
        ledger[study or 0] += 1
        found[study or 0] += _lies_there(objects.path_of(sha256), size)
    for file in _files_of(begin.timestamp(), end.timestamp()):
        if (study := _unknown(file)) is not None:
            found[study] += 1
    return Witness(STORE, len(ledger), differing(STORE, "objects received", ledger, found))


def _lies_there(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except OSError:
        return False


def _files_of(begin: float, end: float) -> Iterator[Path]:
    for folder in configuration().objects.glob("[0-9a-f][0-9a-f]"):
        for file in folder.iterdir():
            if begin <= file.stat().st_mtime < end:
                yield file


def _unknown(file: Path) -> int | None:
    """The study of a DICOM object that no row speaks of (0: of none that is known); None: all is well with the file.

    Made from one that has a row (a restored result, a picture that was blanked), it carries that one's name.
    """
    if Instance.objects.filter(sha256=file.name).exists():
        return None
    with file.open("rb") as handle:
        if handle.read(132)[128:] != b"DICM":
            return None  # a document, evidence: the ledger of images does not speak of it
    try:
        header = read_header(file.read_bytes())
    except BadInput:
        return 0
    if Instance.objects.filter(sop_uid=header.sop_instance_uid).exists():
        return None
    study = Study.objects.filter(study_uid=header.study_uid).order_by("pk").values_list("pk", flat=True)
    return study.first() or 0


def egress_of(day: date) -> Witness:
    """What was handed to a tool's socket: is it what the ledger says was sent, image by image?"""
    begin, end = bounds(day)
    record = egress.read(begin - CLOSE, end + CLOSE)
    handed = {(line.deployment, line.sop_uid) for line in record.lines}
    items = DispatchInstance.objects.select_related("dispatch__deployment")
    ledger: Counter[tuple[int, str]] = Counter()
    found: Counter[tuple[int, str]] = Counter()
    for item in items.filter(sent_at__gte=begin, sent_at__lt=end).iterator():
        slug = item.dispatch.deployment.slug
        ledger[item.dispatch.study_id, slug] += 1
        found[item.dispatch.study_id, slug] += (slug, item.sop_uid_sent) in handed
    today = {(line.deployment, line.sop_uid) for line in record.lines if begin <= line.at < end}
    for slug, sop_uid in sorted(today):
        item = items.filter(dispatch__deployment__slug=slug, sop_uid_sent=sop_uid).first()
        if item is None:
            found[0, slug] += 1
        elif item.sent_at is None and item.dispatch.state not in UNDER_WAY:
            found[item.dispatch.study_id, slug] += 1
    differences = [
        Difference(study, EGRESS, f"images sent to {slug}", ledger[study, slug], found[study, slug])
        for study, slug in sorted(ledger.keys() | found.keys())
        if ledger[study, slug] != found[study, slug]
    ]
    studies = len({study for study, _ in ledger})
    return Witness(EGRESS, studies, tuple(differences), trouble=" ".join(record.troubles[:3]))


def of_the_ledger(day: date) -> tuple[Witness, ...]:
    """The two witnesses that lie beside the ledger on this machine."""
    return store_of(day), egress_of(day)


def ask(day: date) -> None:
    """Have a worker count this day anew; who asks twice while it waits is answered once."""
    with transaction.atomic():
        work.rearm(KIND, day.isoformat(), {"day": day.isoformat()}, due_at=clock.now())


def ask_for_yesterday(moment: datetime) -> None:
    """Each day that brought something is counted anew once it is over."""
    day = timezone.localdate(moment) - timedelta(days=1)
    begin, end = bounds(day)
    if Work.objects.filter(kind=KIND, key=day.isoformat()).exists():
        return
    if Instance.objects.filter(received_at__gte=begin, received_at__lt=end).exists():
        ask(day)


def keep(step: work.Claim, found: Recount) -> None:
    """Write the finding down, and end the step; the next time it asks everybody anew."""
    with transaction.atomic():
        work.note(step, asked=None)
        work.finish(step)
        write_down(found)


def write_down(found: Recount) -> None:
    """Add the finding to the audit chain, in the caller's transaction."""
    witnesses = [
        asdict(witness) | {"differences": [asdict(one) for one in witness.differences[:MOST_KEPT]]}
        for witness in found.witnesses
    ]
    audit.record(
        "gateway",
        COUNTED,
        f"day {found.day.isoformat()}",
        counted_at=found.at.isoformat(),
        differences=len(found.differences),
        witnesses=witnesses,
    )


def latest(day: date) -> Recount | None:
    """How did the newest count of this day end? None: it was not counted anew."""
    event = (
        AuditEvent.objects.filter(action=COUNTED, subject=f"day {day.isoformat()}").order_by("-pk").first()
    )
    return None if event is None else _read(day, event.details)


def _read(day: date, details: dict[str, Any]) -> Recount:
    witnesses = tuple(
        Witness(**(row | {"differences": tuple(Difference(**one) for one in row["differences"])}))
        for row in details["witnesses"]
    )
    return Recount(day, datetime.fromisoformat(details["counted_at"]), witnesses)
