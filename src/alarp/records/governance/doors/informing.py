"""What are patients told? Made from the record, kept version by version, published by a person."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from alarp.kernel import NotNow, Unavailable, digest
from alarp.records import objects, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.governance import queries, texts
from alarp.records.governance.leaflets import leaflet
from alarp.records.governance.models import DataFlow, PatientInformation, Publication
from alarp.records.people.models import Person
from alarp.records.people.queries import trust_of
from alarp.standards.governance import load_patient_text


def write_patient_information(
    deployment: Deployment, given: Mapping[str, str], *, by: Person
) -> PatientInformation:
    """Make the next version of the patients' text from the record and what a person filled in."""
    permissions.check(by, "edit_governance", deployment)
    text = load_patient_text()
    answers = texts.checked(given, text)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        flow = queries.latest(DataFlow, deployment)
        evaluation = queries.local_evaluation(deployment)
        told = texts.compose(text, _facts(deployment, flow), answers, evaluation.body if evaluation else None)
        mark = digest({"deployment": deployment.slug, "template": text.version, "text": told})
        row = PatientInformation(
            deployment=deployment,
            number=queries.next_number(PatientInformation, deployment),
            by=by,
            at=at,
            template=text.version,
            version=deployment.version,
            data_flow=flow,
            evaluation=evaluation,
            given=answers,
            text=told,
            digest=mark,
        )
        row.save()
        record(
            by,
            "patient information written",
            f"patient information of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=row.number,
            digest=mark,
        )
    return row


def _facts(deployment: Deployment, flow: DataFlow | None) -> texts.PublicFacts:
    leg = flow.legs.get("outbound", {}) if flow else {}
    for field in ("country", "retention", "processor"):
        if not leg.get(field):
            raise NotNow(
                f"The data flow does not say the {field} of the way out; record it first, patients are told it."
            )
    product = deployment.version.product
    return texts.PublicFacts(
        tool=product.name,
        version=deployment.version.number,
        supplier=str(product.supplier),
        site=str(deployment.site),
        trust=str(trust_of(deployment.site)),
        country=leg["country"],
        retention=leg["retention"],
        processor=leg["processor"],
    )


def publish_patient_information(deployment: Deployment, *, by: Person) -> Publication:
    """Put the newest version of the patients' text before the public, with its leaflets to print."""
    permissions.check(by, "edit_governance", deployment)
    drafted = queries.latest(PatientInformation, deployment)
    printed = _printed(drafted) if drafted else {"full": "", "easy": ""}
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        current = queries.latest(PatientInformation, deployment)
        if current is None or drafted is None:
            raise NotNow("There is no text to publish; write what patients are told first.")
        if current.pk != drafted.pk:
            raise NotNow(f"Version {current.number} was written meanwhile; read it, then publish.")
        if Publication.objects.filter(information=current).exists():
            raise NotNow(f"Version {current.number} is published already.")
        against = queries.outdated(current, deployment)
        if against:
            raise NotNow(
                f"Version {current.number} is out of date: {against[0]} Write it anew, then publish."
            )
        row = Publication(
            information=current,
            by=by,
            at=at,
            leaflet_sha256=printed["full"],
            easy_leaflet_sha256=printed["easy"],
        )
        row.save()
        record(
            by,
            "patient information published",
            f"patient information of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=current.number,
            digest=current.digest,
        )
    return row


def _printed(information: PatientInformation) -> dict[str, str]:
    """The digests of both leaflets as PDF; empty where this machine cannot make one (the pages still print)."""
    try:
        return {form: objects.put(leaflet(information, form)) for form in ("full", "easy")}
    except Unavailable:
        return {"full": "", "easy": ""}
