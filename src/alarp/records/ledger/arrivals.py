"""What has just arrived, and is it what it says it is? One transaction per object, before Success is said.

A new object of a study is counted and the study's quiet timer starts again. The same bytes again are
counted, not kept twice. Whatever contradicts what we hold already (the same SOP Instance UID with other
content, the same study of another patient, a header that cannot be read) is kept whole and quarantined.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from alarp.kernel import Phase, Unavailable
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger import opt_outs, work
from alarp.records.ledger.models import Instance, Peer, Quarantine, Study

ACTOR = "gateway"
NOT_IMAGES = frozenset({"", "SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "RTDOSE", "SEG", "REG", "RWV"})


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
    """One object whose bytes are durable already. `trouble` says why it cannot be what it claims to be."""

    sha256: str
    size_bytes: int
    sop_uid: str
    sop_class: str
    transfer_syntax: str
    series_uid: str = ""
    modality: str = ""
    study: Described | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival: `new`, `repeat` or `quarantined`."""

    instance: int
    outcome: str


def receive(peer: Peer, arrival: Arrival) -> Receipt:
    """Write down one arrival from this peer; when this returns, it is durable."""
    try:
        return _receive(peer, arrival)
    except IntegrityError:  # two associations brought the same object at once: the second is a repeat
        return _receive(peer, arrival)


def _receive(peer: Peer, arrival: Arrival) -> Receipt:
    with transaction.atomic():
        _alone(arrival)
        direction = Instance.RESULT if peer.kind == Peer.TOOL else Instance.SOURCE
        same_uid = Instance.objects.filter(sop_uid=arrival.sop_uid, direction=direction)
        if direction == Instance.RESULT:
            same_uid = same_uid.filter(peer=peer)
        known = list(same_uid.values_list("pk", "sha256"))
        for pk, sha256 in known:
            if sha256 == arrival.sha256:
                Instance.objects.filter(pk=pk).update(times_received=F("times_received") + 1)
                return Receipt(pk, "repeat")
        trouble = arrival.trouble
        if not trouble and known:
            trouble = "An object with this SOP Instance UID and other content is held already; both are kept."
        if direction == Instance.RESULT:
            return _result(peer, arrival, trouble)
        return _source(peer, arrival, trouble)


def _alone(arrival: Arrival) -> None:
    """On PostgreSQL, let nobody else judge the same study or object at the same moment (SQLite has one writer)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for space, name in ((1, arrival.study.study_uid if arrival.study else ""), (2, arrival.sop_uid)):
            if name:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [space, name])


def _keep(peer: Peer, arrival: Arrival, *, direction: str, study: Study | None) -> Instance:
    return Instance.objects.create(
        study=study,
        direction=direction,
        peer=peer,
        sop_uid=arrival.sop_uid[:64],
        sop_class=arrival.sop_class[:64],
        series_uid=arrival.series_uid[:64],
        modality=arrival.modality[:16],
        transfer_syntax=arrival.transfer_syntax[:64],
        sha256=arrival.sha256,
        size_bytes=arrival.size_bytes,
        received_at=clock.now(),
    )


def _result(peer: Peer, arrival: Arrival, trouble: str) -> Receipt:
    instance = _keep(peer, arrival, direction=Instance.RESULT, study=None)
    if trouble:
        quarantine(instance, phase=Phase.RECEIVE, reason=trouble)
        return Receipt(instance.pk, "quarantined")
    work.ask("match", str(instance.pk), {"instance": instance.pk})
    return Receipt(instance.pk, "new")


def _source(peer: Peer, arrival: Arrival, trouble: str) -> Receipt:
    described = arrival.study
    study = None
    if described is not None and not trouble:
        study, trouble = _study_of(peer, described, arrival.modality)
    instance = _keep(peer, arrival, direction=Instance.SOURCE, study=study)
    if trouble or study is None:
        quarantine(instance, phase=Phase.RECEIVE, reason=trouble or "The header names no study.")
        return Receipt(instance.pk, "quarantined")
    due_at = clock.now() + timedelta(seconds=configuration().quiet_s)
    work.rearm("complete", str(study.pk), {"study": study.pk}, due_at=due_at)
    return Receipt(instance.pk, "new")


def _study_of(peer: Peer, described: Described, modality: str) -> tuple[Study | None, str]:
    """The study's row, made or found and locked; or why the object cannot belong to it."""
    moment = clock.now()
    rows = list(Study.objects.select_for_update().filter(study_uid=described.study_uid))
    if not rows:
        return _new_study(peer, described), ""
    study = rows[0]
    if (study.patient_id, study.issuer) != (described.patient_id, described.issuer) or (
        study.birth_date and described.birth_date and study.birth_date != described.birth_date
    ):
        return None, "This Study Instance UID is held already for another patient; the object is kept apart."
    changed = {"last_received_at": moment}
    if study.modality in NOT_IMAGES and modality not in NOT_IMAGES:
        for name in ("modality", "body_part", "view", "manufacturer", "model", "software", "station"):
            changed[name] = getattr(described, name)
    if described.held_because and not study.held_because:
        changed["held_because"] = described.held_because
    Study.objects.filter(pk=study.pk).update(**changed)
    return study, ""


def _new_study(peer: Peer, described: Described) -> Study:
    moment = clock.now()
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
    return study


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
