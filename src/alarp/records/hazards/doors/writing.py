"""How does a hazard enter the log, and how is it described and scored again? Each time as a new revision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Stage
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.hazards.facts import Log, log_of
from alarp.records.hazards.models import Control, Hazard, HazardRevision
from alarp.records.hazards.snapshots import revision_digest
from alarp.records.people.models import Person
from alarp.safety import Control as CoreControl
from alarp.safety import Hazard as CoreHazard
from alarp.safety import RiskScheme, Score, against_score, check_references, read_log
from alarp.standards.safety import LIBRARY, SCHEME, known, load_library

# What a person may write of a hazard in the form; the scores have a door of their own.
TEXTS = (
    "name",
    "description",
    "effect",
    "harm",
    "causes",
    "existing_controls",
    "monitors",
    "owner",
    "references",
)


def start_log(deployment: Deployment, *, by: Person) -> tuple[Hazard, ...]:
    """Begin the log with the library's hazards that fit this kind of tool; a person then scores each."""
    permissions.check(by, "edit_hazards", deployment)
    with transaction.atomic():
        deployment = begun(deployment)
        at = moment(deployment)
        if Hazard.objects.filter(deployment=deployment).exists():
            raise NotNow("This deployment has a hazard log already; add to it, or import into it.")
        kind = deployment.version.product.kind
        made = tuple(
            write_new(deployment, entry.hazard, "From the starter library.", at, by, library=LIBRARY)
            for entry in load_library()
            if entry.fits_kind(kind)
        )
        audit(deployment, "hazard log started", at, by, hazards=len(made), library=LIBRARY)
    return made


def add_hazard(deployment: Deployment, row: dict[str, Any], *, by: Person) -> Hazard:
    """Add a hazard that the library does not know, from one row of the import form; its number must be new."""
    permissions.check(by, "edit_hazards", deployment)
    with transaction.atomic():
        deployment = begun(deployment)
        at = moment(deployment)
        log = log_of(deployment)
        (hazard,) = read_log({"scheme": SCHEME, "hazards": [row]}, known(), where="The new hazard")
        check_references((*log.hazards, hazard))
        made = write_new(deployment, hazard, "Added by hand.", at, by)
        audit(deployment, "hazard added", at, by, hazard=hazard.number, name=hazard.name)
    return made


def edit_hazard(hazard: Hazard, changes: dict[str, Any], because: str, *, by: Person) -> HazardRevision:
    """Describe a hazard anew, without touching its score. What was accepted before must be accepted anew."""
    permissions.check(by, "edit_hazards", hazard.deployment)
    strange = [name for name in changes if name not in TEXTS]
    if strange:
        raise BadInput(f"A hazard has no text {strange[0]!r}; it has {', '.join(TEXTS)}.")
    if not because.strip():
        raise BadInput("A change of the log says why it was made.")
    with transaction.atomic():
        deployment = begun(hazard.deployment)
        at = moment(deployment)
        before = log_of(deployment).hazard(hazard.number)
        after = replace(before, **changes)
        revision = write_revision(hazard, after, because.strip(), at, by)
        audit(deployment, "hazard described anew", at, by, hazard=hazard.number, because=revision.because)
    return revision


def score_hazard(
    hazard: Hazard,
    initial: Score,
    residual: Score,
    measured_by: str = "",
    rationale: str = "",
    leans_on: Iterable[str] = (),
    *,
    by: Person,
) -> HazardRevision:
    """Judge a hazard before and after its controls. Refused where a control that is not built would score."""
    permissions.check(by, "edit_hazards", hazard.deployment)
    if not rationale.strip():
        raise BadInput("A score has its reasons in words; write them.")
    with transaction.atomic():
        deployment = begun(hazard.deployment)
        at = moment(deployment)
        log = log_of(deployment)
        before = log.hazard(hazard.number)
        after = replace(
            before,
            initial=initial,
            residual=residual,
            measured_by=measured_by.strip(),
            rationale=rationale.strip(),
            leans_on=tuple(leans_on),
        )
        check_references(tuple(after if h.number == after.number else h for h in log.hazards))
        check_score(after, log)
        revision = write_revision(hazard, after, "Scored.", at, by)
        audit(
            deployment,
            "hazard scored",
            at,
            by,
            hazard=hazard.number,
            initial=revision.initial_level,
            residual=revision.residual_level,
        )
    return revision


def begun(deployment: Deployment) -> Deployment:
    """The locked deployment, while its log may still change."""
    deployment = locked(deployment)
    if deployment.stage == Stage.RETIRED:
        raise NotNow("The tool is retired; its hazard log is kept as it is.")
    return deployment


def audit(deployment: Deployment, action: str, at: datetime, by: Person, **details: Any) -> None:
    record(by, action, f"hazard log of {deployment.slug}", stream=deployment.slug, at=at, **details)


def check_score(hazard: CoreHazard, log: Log) -> None:
    """Raise BadInput with the first rule that speaks against this hazard's score."""
    if hazard.initial is None or hazard.residual is None:
        return
    leaning = [log.states[address] for address in hazard.leans_on]
    wrong = against_score(
        hazard.number,
        hazard.initial,
        hazard.residual,
        measured=bool(hazard.measured_by),
        built_controls=sum(s.built for s in (*(c.state for c in hazard.controls), *leaning)),
        scheme=log.scheme,
    )
    if wrong:
        raise BadInput(wrong[0])


def write_new(
    deployment: Deployment, hazard: CoreHazard, because: str, at: datetime, by: Person, *, library: str = ""
) -> Hazard:
    row = Hazard(deployment=deployment, number=hazard.number, library=library, raised_by=by, raised_at=at)
    row.save()
    for control in hazard.controls:
        write_control(row, control, at, by)
    write_revision(row, hazard, because, at, by)
    return row


def write_control(hazard: Hazard, control: CoreControl, at: datetime, by: Person) -> Control:
    row = Control(
        hazard=hazard,
        number=control.number,
        text=control.text,
        category=control.category.value,
        mechanism=control.mechanism,
        owner_role=control.owner_role,
        due=control.due,
        added_by=by,
        added_at=at,
    )
    row.save()
    return row


def write_revision(
    row: Hazard, hazard: CoreHazard, because: str, at: datetime, by: Person, *, scheme: str = SCHEME
) -> HazardRevision:
    """Write what this hazard says now as its next revision. It is open by itself, and nobody has accepted it."""
    number = row.revisions.count() + 1
    revision = HazardRevision(
        hazard=row,
        number=number,
        name=hazard.name,
        description=hazard.description,
        effect=hazard.effect,
        harm=hazard.harm,
        causes=list(hazard.causes),
        existing_controls=list(hazard.existing_controls),
        scheme=scheme,
        measured_by=hazard.measured_by,
        rationale=hazard.rationale,
        leans_on=list(hazard.leans_on),
        monitors=[[w.monitor, w.limit] for w in hazard.monitors],
        owner=hazard.owner.value,
        created_by_control=hazard.created_by,
        references=list(hazard.references),
        digest=revision_digest(row.deployment.slug, number, scheme, hazard),
        because=because[:300],
        by=by,
        at=at,
        **_score("initial", hazard.initial, known(scheme).scheme),
        **_score("residual", hazard.residual, known(scheme).scheme),
    )
    revision.save()
    return revision


def _score(which: str, score: Score | None, scheme: RiskScheme) -> dict[str, Any]:
    if score is None:
        return {}
    return {
        f"{which}_severity": score.severity,
        f"{which}_likelihood": score.likelihood,
        f"{which}_patients": score.patients.value,
        f"{which}_level": scheme.level(score),
    }
