"""What has just arrived, and is it what it says it is? Written down before Success is said.

A new object of a study is counted and the study's quiet timer starts again. The same bytes again are
counted, not kept twice. Whatever contradicts what we hold already (the same SOP Instance UID with other
content, the same study of another patient, a header that cannot be read) is kept whole and quarantined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from alarp.kernel import Phase, Unavailable
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger import arrival_rows, opt_outs, work
from alarp.records.ledger.arrival_rows import Held, KnownStudy
from alarp.records.ledger.models import Instance, Peer, Quarantine, Study

ACTOR = "gateway"
NOT_IMAGES = frozenset({"", "SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "RTDOSE", "SEG", "REG", "RWV"})
ANOTHER_PATIENT = "This Study Instance UID is held already for another patient; the object is kept apart."
EQUIPMENT = ("modality", "body_part", "view", "manufacturer", "model", "software", "station")
STATED_ONCE = ("nhs_number", "birth_date", "body_part", "view", "sex", "age_years")
"""A dose report or a localiser may leave them out. By the NHS number a patient may have said no."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a header says about the study: the columns of `Study` that are copied from it."""

    study_uid: str
    patient_id: str = ""
    issuer: str = ""
    nhs_number: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    age_years: float | None = None
    accession: str = ""
    study_date: str = ""
    modality: str = ""
    body_part: str = ""
    view: str = ""
    description: str = ""
    manufacturer: str = ""
    model: str = ""
    software: str = ""
    station: str = ""
    held_because: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object whose bytes are durable already. `trouble` says why it cannot be what it claims to be.

    `received_at` when its sender was told so before it is written down; otherwise it came now.
    """

    sha256: str
    size_bytes: int
    sop_uid: str
    sop_class: str
    transfer_syntax: str
    series_uid: str = ""
    modality: str = ""
    study: Described | None = None
    trouble: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival: `new`, `repeat` or `quarantined`."""

    instance: int
    outcome: str


def receive(peer: Peer, arrival: Arrival) -> Receipt:
    """Write down one arrival from this peer; when this returns, it is durable."""
    return receive_all([(peer, arrival)])[0]


def receive_all(brought: Sequence[tuple[Peer, Arrival]]) -> list[Receipt]:
    """Write down several arrivals in their order, in one transaction; when this returns, all are durable.

    One synced commit serves every association that waits for its answer. When it fails, nothing of it
    is written: whoever asks tries each arrival alone.
    """
    with transaction.atomic():
        _alone()
        batch = _Batch(brought)
        taken = [batch.take(peer, arrival) for peer, arrival in brought]
        batch.write()
    return [Receipt(entry.instance.pk, entry.outcome) for entry in taken]


def _alone() -> None:
    """On PostgreSQL, let nobody else judge arrivals at the same moment (SQLite has one writer anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('arrivals'))")


@dataclass(slots=True)
class _Entry:
    """One arrival on its way into the ledger: its row, and why it is kept apart, if it is."""

    instance: Instance | Held
    outcome: str
    trouble: str = ""


class _Batch:
    """What the ledger knew of the names in one batch, and what the batch adds to it."""

    def __init__(self, brought: Sequence[tuple[Peer, Arrival]]) -> None:
        self.entries: list[_Entry] = []
        self.seen_again: Counter[int] = Counter()
        self.known: dict[tuple[str, int, str], list[Instance | Held]] = {}
        for row in arrival_rows.held({arrival.sop_uid[:64] for _, arrival in brought}):
            self.known.setdefault(_same_name(row), []).append(row)
        uids = {arrival.study.study_uid for _, arrival in brought if arrival.study}
        # the first that came, when there are two under one name
        self.studies = {study.study_uid: study for study in arrival_rows.studies(uids)}
        self.touched: dict[int, datetime] = {}
        self.learned: dict[int, dict[str, Any]] = {}

    def take(self, peer: Peer, arrival: Arrival) -> _Entry:
        """Judge one arrival by what was there before it, in the ledger and in this batch."""
        row = _row(peer, arrival)
        known = self.known.setdefault(_same_name(row), [])
        for held in known:
            if held.sha256 == row.sha256:
                return self._again(held)
        trouble = arrival.trouble
        if not trouble and known:
            trouble = "An object with this SOP Instance UID and other content is held already; both are kept."
        if row.direction == Instance.SOURCE and not trouble:
            row.study_id, trouble = self._study(peer, arrival, row.received_at)
        entry = _Entry(row, "quarantined" if trouble else "new", trouble)
        self.entries.append(entry)
        known.append(row)
        return entry

    def _again(self, held: Instance | Held) -> _Entry:
        if isinstance(held, Instance):  # brought twice within this very batch
            held.times_received += 1
        else:
            self.seen_again[held.pk] += 1
        return _Entry(held, "repeat")

    def _study(self, peer: Peer, arrival: Arrival, moment: datetime) -> tuple[int | None, str]:
        """The number of the study that this belongs to, or why it belongs to none."""
        described = arrival.study
        if described is None:
            return None, "The header names no study."
        study = self.studies.get(described.study_uid)
        described = _issued(described, peer, study)
        if study is None:
            study = self.studies[described.study_uid] = _new_study(peer, described, moment)
        elif _of_another_patient(study, described):
            return None, ANOTHER_PATIENT
        else:
            self._learn(study, described, arrival.modality)
        self.touched[study.pk] = max(moment, self.touched.get(study.pk, moment))
        return study.pk, ""

    def _learn(self, study: KnownStudy, described: Described, modality: str) -> None:
        """Take over what a further object knows better: an image names the equipment, and any may bar the study.

        What no object before it stated is taken from any: rules on age and body part must not depend on the order.
        """
        news = self.learned.setdefault(study.pk, {})
        if study.modality in NOT_IMAGES and modality not in NOT_IMAGES:
            study.modality = described.modality
            news.update({name: getattr(described, name) for name in EQUIPMENT})
            study.body_part, study.view = described.body_part, described.view
        for name in STATED_ONCE:
            stated = getattr(described, name)
            if getattr(study, name) in ("", None) and stated not in ("", None):
                setattr(study, name, stated)
                news[name] = stated
        if described.held_because and not study.held_because:
            study.held_because = news["held_because"] = described.held_because

    def write(self) -> None:
        """Write the rows, count what came again, ask for the next step of each."""
        arrival_rows.add([entry.instance for entry in self.entries])
        for pk, times in self.seen_again.items():
            Instance.objects.filter(pk=pk).update(times_received=F("times_received") + times)
        due_at = clock.now() + timedelta(seconds=configuration().quiet_s)
        for study in sorted(self.touched):
            arrival_rows.received(study, self.touched[study])
            if self.learned.get(study):
                Study.objects.filter(pk=study).update(**self.learned[study])
            if not arrival_rows.put_off(study, due_at):
                work.rearm("complete", str(study), {"study": study}, due_at=due_at)
        for entry in self.entries:
            if entry.trouble:
                quarantine(entry.instance, phase=Phase.RECEIVE, reason=entry.trouble)
            elif entry.instance.direction == Instance.RESULT:
                work.ask("match", str(entry.instance.pk), {"instance": entry.instance.pk})


def _row(peer: Peer, arrival: Arrival) -> Instance:
    return Instance(
        direction=Instance.RESULT if peer.kind == Peer.TOOL else Instance.SOURCE,
        peer=peer,
        sop_uid=arrival.sop_uid[:64],
        sop_class=arrival.sop_class[:64],
        series_uid=arrival.series_uid[:64],
        modality=arrival.modality[:16],
        transfer_syntax=arrival.transfer_syntax[:64],
        sha256=arrival.sha256,
        size_bytes=arrival.size_bytes,
        received_at=arrival.received_at or clock.now(),
    )


def _same_name(row: Instance | Held) -> tuple[str, int, str]:
    """Among which objects must this name be the only one? All that were sent in; of results, the same tool's."""
    return row.direction, row.peer_id if row.direction == Instance.RESULT else 0, row.sop_uid


def _issued(described: Described, peer: Peer, study: KnownStudy | None) -> Described:
    """A patient's number that names no issuer is the sender's; a study that came before that was entered stays so."""
    if described.issuer or not described.patient_id or (study is not None and not study.issuer):
        return described
    return replace(described, issuer=peer.patient_issuer)


def _of_another_patient(study: KnownStudy, described: Described) -> bool:
    if (study.patient_id, study.issuer) != (described.patient_id, described.issuer):
        return True
    both = ((study.birth_date, described.birth_date), (study.nhs_number, described.nhs_number))
    return any(held and stated and held != stated for held, stated in both)


def _new_study(peer: Peer, described: Described, moment: datetime) -> KnownStudy:
    study = Study(peer=peer, first_received_at=moment, last_received_at=moment, **asdict(described))
    try:
        refused = opt_outs.find(opt_outs.PatientIds.of(study), deployment=None, since=moment)
    except Unavailable:
        refused = None  # asked again before anything is sent; unreachable then means held
    study.opted_out_on_receipt = refused is not None and refused.deployment is None
    study.save(force_insert=True)
    audit.record(ACTOR, "study received", f"study {study.pk}", peer=peer.aet, modality=study.modality)
    if refused:
        audit.record(ACTOR, "opt-out found on receipt", f"study {study.pk}", register=refused.source)
    return KnownStudy(
        pk=study.pk,
        study_uid=study.study_uid,
        patient_id=study.patient_id,
        issuer=study.issuer,
        nhs_number=study.nhs_number,
        birth_date=study.birth_date,
        held_because=study.held_because,
        modality=study.modality,
        body_part=study.body_part,
        view=study.view,
        sex=study.sex,
        age_years=study.age_years,
    )


def quarantine(
    instance: Instance,
    *,
    phase: Phase,
    reason: str,
    disagreements: list[dict[str, str]] | None = None,
    deployment: object | None = None,
) -> Quarantine:
    """Keep this object whole and out of everything, and let a person look (in the caller's transaction)."""
    row = Quarantine.objects.create(
        instance=instance,
        phase=phase.value,
        reason=reason[:500],
        disagreements=disagreements or [],
        deployment=deployment,
        at=clock.now(),
    )
    audit.record(
        ACTOR,
        "quarantined",
        f"object {instance.pk}",
        stream=getattr(deployment, "slug", audit.SITE),
        reason=row.reason,
        phase=row.phase,
        entry=row.pk,
    )
    return row
