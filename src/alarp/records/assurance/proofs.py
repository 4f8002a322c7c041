"""Did anything of a patient who had said no leave for an AI tool? Computed from the bytes that left.

The witness is the egress record (`records.egress`), written at the socket. Every line of it is led back to the object
that it was made of, without asking the ledger what it did: under each version of each deployment's key, the name is
computed under which each received object would have left, and the line's name is looked up among these (and among
the original names and digests, should anything have left as it came). Whose object it was is then read from the
original bytes. A line that no received object explains, a line that is missing from the record, or a record that
was changed, leaves the proof open.

Whose no it was is asked as of the moment at which the line left. What nobody could know then, because the hospital said
only later that two numbers are one person's, is told apart, with the message that said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from alarp.identity import Pseudonyms, read_header
from alarp.kernel import AlarpError, BadInput, digest
from alarp.records import clock, egress, objects, permissions, pseudonym_keys
from alarp.records.assurance.models import OptOutProof
from alarp.records.assurance.refusals import No, Noes
from alarp.records.audit.commands import record
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments.models import Deployment
from alarp.records.egress import Head, Line
from alarp.records.ledger import work
from alarp.records.ledger.identities import PatientIds
from alarp.records.ledger.models import DispatchInstance, Instance, Study, Work
from alarp.records.messages.models import Merge
from alarp.records.people.models import Person

ANCHORED, SEAL = "egress record sealed", "seal"
STOOD, MERGED, BEFORE = "stood", "merged", "before"
"""It left while the no stood; while it stood under a number that only later was said to be this patient's; earlier."""
MOST_ROWS = 5000
METHOD = (
    "Each object handed to a tool's socket is in the egress record with the digest of its bytes. Each line was led "
    "back to a received object through the names recomputed under every version of every key, and its patient was read "
    "from the original bytes. Which numbers are one person's was asked as it was known when the object left, and again "
    "as it is known now."
)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Left:
    """What left of one study of a patient who has said no, to one deployment: how many objects, from when to when."""

    study: int
    deployment: str
    images: int
    first_at: str
    last_at: str
    said_no: str
    since: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The received object that a line was made of."""

    instance: int
    study: int | None
    synthetic: bool
    sha256: str


def prove(
    begin: datetime, end: datetime, *, by: Person | None = None, progress: Progress = lambda *_: None
) -> OptOutProof:
    """Compare what left in this time with every patient's no; kept, and written to the audit, whatever it says.

    Raises BadInput for a time that ends before it begins.
    """
    if by is not None:
        permissions.check(by, "prove_opt_outs", by.organisation)
    if end <= begin:
        raise BadInput("The period ends before it begins; give an earlier first day or a later last one.")
    body = _compute(begin, end, progress)
    proven = not (body["stood"] or body["unexplained"] or body["troubles"])
    with transaction.atomic():
        proof = OptOutProof(
            begin=begin, end=end, proven=proven, body=body, sha256=digest(body), by=by, at=clock.now()
        )
        proof.save()
        record(
            by or "command line",
            "opt-out proof computed",
            f"opt-out proof {proof.pk}",
            proven=proven,
            sha256=proof.sha256,
            lines=body["lines"],
            studies_that_left=[row["study"] for row in body["stood"]][:50],
        )
        _anchor(tuple(Head(**head) for head in body["heads"]), by or "command line")
    return proof


def ask_to_seal(moment: datetime) -> None:
    """Once a day, ask for the step that seals yesterday's end of the record."""
    day = (moment - timedelta(days=1)).date().isoformat()
    if not Work.objects.filter(kind=SEAL, key=day).exists():
        with transaction.atomic():
            work.ask(SEAL, day, {"day": day})


def seal_heads(day: date) -> None:
    """Seal where the files of this day end into the audit chain: what is taken away afterwards is missed."""
    heads = egress.heads(day)
    if heads and set(heads) - set(_anchors()):
        with transaction.atomic():
            _anchor(heads, "gateway")


def _anchor(heads: tuple[Head, ...], actor: Person | str) -> None:
    if heads:
        record(actor, ANCHORED, "egress record", heads=[asdict(head) for head in heads])


def _anchors() -> tuple[Head, ...]:
    events = AuditEvent.objects.filter(action=ANCHORED).values_list("details", flat=True)
    return tuple(dict.fromkeys(Head(**head) for details in events for head in details["heads"]))


def _compute(begin: datetime, end: datetime, progress: Progress) -> dict[str, Any]:
    found = egress.read(begin, end, _anchors())
    troubles = [*found.troubles, *_missing(begin, end, found.lines)]
    origins, strays = _origins(found.lines, progress)
    noes = Noes.read()
    troubles += noes.troubles
    left = _left(origins, noes, troubles, progress)
    rows = _studies(noes, end, Counter({row.study: row.images for row, _ in left}))
    return {
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "method": METHOD,
        "lines": len(found.lines),
        "heads": [asdict(head) for head in found.heads],
        "patients": len({row["patient"] for row in rows}),
        "studies": len(rows),
        "instances": sum(row["instances"] for row in rows),
        **{what: [asdict(row) for row, found in left if found == what] for what in (STOOD, MERGED, BEFORE)},
        "unexplained": strays,
        "troubles": troubles,
        "rows": [{k: v for k, v in row.items() if k != "patient"} for row in rows[:MOST_ROWS]],
    }


def _missing(begin: datetime, end: datetime, lines: Iterable[Line]) -> list[str]:
    """Does the ledger know of objects that left without a line? Then the record is not whole."""
    named = {line.sop_uid for line in lines}
    items = DispatchInstance.objects.filter(sent_at__gte=begin, sent_at__lt=end)
    said = items.values_list("sop_uid_sent", flat=True)
    lost = sum(name not in named for name in said.iterator())
    if not lost:
        return []
    many = "1 object" if lost == 1 else f"{lost:,} objects"
    return [f"The ledger says that {many} left which the egress record of this time does not hold."]


def _origins(
    lines: tuple[Line, ...], progress: Progress
) -> tuple[dict[Origin, list[Line]], list[dict[str, Any]]]:
    """Each line's received object; and what no received object explains, counted by deployment."""
    by_name: dict[tuple[str, str], Line] = {}
    wanted: dict[str, set[str]] = {}
    for line in lines:
        by_name[line.deployment, line.sop_uid] = line
        wanted.setdefault(line.deployment, set()).add(line.sop_uid)
    keys = {slug: keys_of(slug) for slug in wanted}
    digests = {line.sha256 for line in lines}
    explained: dict[tuple[str, str], Origin] = {}
    raw: dict[str, Origin] = {}
    every = Instance.objects.filter(direction=Instance.SOURCE)
    total, columns = every.count(), ("pk", "study_id", "study__synthetic", "sha256", "sop_uid")
    for n, (pk, study, synthetic, sha256, sop_uid) in enumerate(every.values_list(*columns).iterator(5000)):
        if n % 5000 == 0:
            progress("names", n, total)
        origin = Origin(pk, study, bool(synthetic), sha256)
        if sha256 in digests:
            raw[sha256] = origin
        for slug, names in wanted.items():
            for name in (sop_uid, *(key.uid(sop_uid) for key in keys[slug])):
                if name and name in names:
                    explained.setdefault((slug, name), origin)
    found: dict[Origin, list[Line]] = {}
    strays: Counter[str] = Counter()
    for line in lines:
        origin_of = explained.get((line.deployment, line.sop_uid)) or raw.get(line.sha256)
        if origin_of is None:
            strays[line.deployment or line.peer] += 1
        else:
            found.setdefault(origin_of, []).append(line)
    return found, [{"deployment": slug, "objects": n} for slug, n in sorted(strays.items())]


def keys_of(deployment: str) -> tuple[Pseudonyms, ...]:
    """Every key, of every version, under which this deployment's tool has known our patients."""
    return tuple(pseudonym_keys.load(deployment, version) for version in pseudonym_keys.versions(deployment))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a line is in the light of a patient's no, and the words that say why."""

    line: Line
    no: No
    what: str
    because: str = ""


def _left(
    origins: Mapping[Origin, list[Line]], noes: Noes, troubles: list[str], progress: Progress
) -> list[tuple[Left, str]]:
    """What left of patients who have said no, and whether the no stood."""
    groups: dict[tuple[int, str, str], list[Judged]] = {}
    for n, (origin, lines) in enumerate(origins.items()):
        if n % 200 == 0:
            progress("originals", n, len(origins))
        if origin.synthetic:
            continue
        for one in _judged(origin, lines, noes, troubles):
            groups.setdefault((origin.study or 0, one.line.deployment, one.what), []).append(one)
    return [(_row(study, slug, group), what) for (study, slug, what), group in sorted(groups.items())]


def _judged(origin: Origin, lines: list[Line], noes: Noes, troubles: list[str]) -> Iterator[Judged]:
    study = Study.objects.filter(pk=origin.study).first() if origin.study else None
    names = _names(origin, study, troubles)
    for line in lines:
        received = study.first_received_at if study else line.at
        then, now = (
            [no for no in said if no.deployment in ("", line.deployment)]
            for said in (noes.of(names, at=line.at), noes.of(names))
        )
        stood = [no for no in then if no.stood(line.at, received)]
        merged = [no for no in now if no.stood(line.at, received)]
        if stood:
            no = min(stood, key=_since)
            yield Judged(
                line, no, STOOD, "" if no in now else "The hospital has said since that it is another's."
            )
        elif merged:
            no = min(merged, key=_since)
            yield Judged(line, no, MERGED, _said_by(noes.brought_by(names, no, after=line.at)))
        elif then or now:
            yield Judged(line, min([*then, *now], key=_since), BEFORE)


def _names(origin: Origin, study: Study | None, troubles: list[str]) -> list[PatientIds]:
    """By which numbers is the patient of this object known, first by its own bytes?"""
    names = [PatientIds.of(study)] if study else []
    try:
        read = PatientIds.of(read_header(objects.get(origin.sha256)))
    except AlarpError:
        troubles.append(
            f"The original of object {origin.instance} cannot be read; whose it is rests on the ledger."
        )
        return names
    if names and not read.issuer and read.patient_id == names[0].patient_id:
        read = replace(read, issuer=names[0].issuer)  # its sender's, which the object leaves out
    return [read, *names]


def _since(no: No) -> datetime:
    return no.since


def _said_by(merge: Merge | None) -> str:
    if merge is None:
        return ""
    kind = f", {merge.message.kind}" if merge.message.kind else ""
    said = timezone.localtime(merge.at)
    return f"Message {merge.message_id}{kind} said on {said:%Y-%m-%d} at {said:%H:%M} that both numbers are one patient's."


def _row(study: int, deployment: str, group: list[Judged]) -> Left:
    times = sorted(one.line.at for one in group)
    first = min(group, key=lambda one: one.no.since)
    return Left(
        study=study,
        deployment=deployment,
        images=len(group),
        first_at=times[0].isoformat(),
        last_at=times[-1].isoformat(),
        said_no=first.no.words,
        since=first.no.since.isoformat(),
        because=first.because,
    )


def _studies(noes: Noes, end: datetime, left: Counter[int]) -> list[dict[str, Any]]:
    """Every study of every patient who has said no, with how many of its objects left in this time."""
    rows = []
    every = Study.objects.filter(synthetic=False, first_received_at__lt=end).order_by("pk")
    for study in every.annotate(n=Count("instances")).iterator(2000):
        ids = PatientIds.of(study)
        if noes.of([ids]):
            patient = ids.nhs_number or f"{ids.patient_id} {ids.issuer}"
            rows.append({"study": study.pk, "instances": study.n, "left": left[study.pk], "patient": patient})
    return rows


def deployments_named(slugs: Iterable[str]) -> dict[str, str]:
    """What are these deployments called on a page?"""
    found = Deployment.objects.filter(slug__in=list(slugs)).select_related("version__product", "site")
    return {deployment.slug: str(deployment) for deployment in found}
