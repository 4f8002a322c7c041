"""Where do the data go and come back from, and what does the impact assessment say of it?"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from alarp.kernel import BadInput
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.changing import reopen_for_what_leaves
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.governance import queries
from alarp.records.governance.doors.versions import write_next
from alarp.records.governance.models import DataFlow, ImpactAssessment
from alarp.records.people.models import Person
from alarp.standards.deidentification import load_named
from alarp.standards.governance import load_data_flow, load_dpia

_LONGEST_FIELD, _LONGEST_PART = 500, 8000


def set_data_flow(
    deployment: Deployment,
    legs: Mapping[str, Mapping[str, str]],
    *,
    profile: str | None = None,
    by: Person,
) -> DataFlow:
    """Record what is known of each leg; a gap may stand for now, and keeps the gate shut until it is filled.

    `profile` names the de-identification by which images go out; None leaves it as it is. Another one than before
    re-opens the gate that was signed on the impact assessment, so that nothing leaves by it unseen.
    """
    permissions.check(by, "edit_governance", deployment)
    _refuse_not_for_patients(profile)
    form = load_data_flow()
    known = {leg.slug for leg in form.legs}
    strange = set(legs) - known
    if strange:
        raise BadInput(
            f"There is no leg {', '.join(sorted(strange))}; the legs are {', '.join(sorted(known))}."
        )
    kept = {}
    for leg in form.legs:
        given = legs.get(leg.slug, {})
        unknown = set(given) - {field.slug for field in form.fields}
        if unknown:
            raise BadInput(f"{leg.title} has no field {', '.join(sorted(unknown))}; leave it out.")
        kept[leg.slug] = {
            field.slug: " ".join(str(given.get(field.slug, "")).split()) for field in form.fields
        }
        for field in form.fields:
            if len(kept[leg.slug][field.slug]) > _LONGEST_FIELD:
                raise BadInput(
                    f"{leg.title}: '{field.title}' is too long; use at most {_LONGEST_FIELD} characters."
                )
    if not any(value for fields in kept.values() for value in fields.values()):
        raise BadInput("The data flow is empty; fill in what is known of at least one leg.")
    with transaction.atomic():
        deployment = locked(deployment)
        before = queries.profile_of(deployment)
        chosen = profile or before
        row = write_next(
            DataFlow,
            deployment,
            template=form.version,
            content={"legs": kept, "profile": chosen},
            name="data flow",
            subject="data flow",
            action="data flow recorded",
            by=by,
            profile=chosen,
        )
        if chosen != before:
            reason = (
                f"Images are to go out by the de-identification profile '{chosen}' in place of '{before}'."
            )
            reopen_for_what_leaves(deployment, reason, moment(deployment), by)
    return row


def _refuse_not_for_patients(profile: str | None) -> None:
    if profile is not None and not load_named(profile)[0].patients:
        raise BadInput(
            f"The de-identification profile '{profile}' leaves too much of a patient to go out; choose another."
        )


def write_assessment(deployment: Deployment, written: Mapping[str, str], *, by: Person) -> ImpactAssessment:
    """Keep what a person wrote in the parts of the impact assessment; a part that is empty is still to be written."""
    permissions.check(by, "edit_governance", deployment)
    sections = load_dpia()
    strange = set(written) - {section.slug for section in sections}
    if strange:
        raise BadInput(f"The assessment has no part {', '.join(sorted(strange))}.")
    kept = {s.slug: str(written.get(s.slug, "")).strip() for s in sections}
    for section in sections:
        if len(kept[section.slug]) > _LONGEST_PART:
            raise BadInput(f"'{section.title}' is longer than {_LONGEST_PART:,} characters; shorten it.")
    if not any(kept.values()):
        raise BadInput("Nothing is written; fill in at least one part.")
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        row = ImpactAssessment(
            deployment=deployment,
            number=queries.next_number(ImpactAssessment, deployment),
            by=by,
            at=at,
            template="dpia-2026.1",
            written=kept,
        )
        row.save()
        record(
            by,
            "impact assessment written",
            f"impact assessment of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=row.number,
            parts=[slug for slug, text in kept.items() if text],
        )
    return row
