"""How do a Trust, its people and its tools come into the records?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, Tier
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.commands import create_key
from alarp.records.ledger.models import Peer
from alarp.records.ledger.peers import register_peer
from alarp.records.people.described_products import DocumentRow, ProductRow, VersionRow
from alarp.records.people.description import Description, OrganisationRow, PeerRow, PersonRow, read
from alarp.records.people.holding import declare_interest, end_interest, end_role, give_role
from alarp.records.people.models import Interest, Organisation, Person, RoleHolding
from alarp.records.products.doors.claiming import enter_claim
from alarp.records.products.doors.documents import enter_document
from alarp.records.products.doors.registering import enter_device, enter_version
from alarp.records.products.models import Product, Version

__all__ = ["declare_interest", "end_interest", "end_role", "give_role", "set_up"]

_PARENT = {
    Tier.REGION: (Tier.NATIONAL,),
    Tier.TRUST: (Tier.REGION, Tier.NATIONAL),
    Tier.SITE: (Tier.TRUST,),
}


def set_up(table: dict[str, Any], by: str = "set-up") -> None:
    """Write a Trust's description into the records; what is there already stays as it is, what is new is added.

    Every organisation that seals (Trusts and suppliers) gets its signing key. A person without a password in the
    table cannot sign in until they are invited. All or nothing: a fault in one entry leaves nothing behind.
    """
    described = read(table)
    with transaction.atomic():
        _organisations(described, by)
        for row in described.products:
            _product(row, by)
        for person in described.people:
            _person(person, by)
        for peer in described.peers:
            _peer(peer, by)
    for organisation in Organisation.objects.filter(tier__in=(Tier.TRUST, Tier.SUPPLIER)):
        if not organisation.signing_keys.filter(retired_at__isnull=True).exists():
            create_key(organisation, by=by)


def _named(slug: str, where: str) -> Organisation:
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise BadInput(
            f"{where}: there is no organisation {slug!r}. Describe it first, under `organisations`."
        )
    return found


def _organisations(described: Description, by: str) -> None:
    for row in described.organisations:
        if Organisation.objects.filter(slug=row.slug).exists():
            continue
        parent = _named(row.parent, f"Organisation {row.slug}") if row.parent else None
        _check_parent(row, parent)
        Organisation.objects.create(
            slug=row.slug, name=row.name, tier=row.tier, parent=parent, ods_code=row.ods_code
        )
        record(by, "organisation added", f"organisation {row.slug}", stream=SITE, tier=row.tier)


def _check_parent(row: OrganisationRow, parent: Organisation | None) -> None:
    if parent is None:
        return
    allowed = _PARENT.get(Tier(row.tier), ())
    if parent.tier not in allowed:
        above = " or ".join(allowed) or "nothing"
        raise BadInput(
            f"Organisation {row.slug} is a {row.tier} under {parent.slug}, a {parent.tier}; above it belongs {above}."
        )


def _product(row: ProductRow, by: str) -> None:
    supplier = _named(row.supplier, f"Product {row.slug}")
    if supplier.tier != Tier.SUPPLIER:
        raise BadInput(f"Product {row.slug}: {supplier.name} is a {supplier.tier}, not a supplier.")
    product, new = Product.objects.get_or_create(
        slug=row.slug,
        defaults={"name": row.name, "supplier": supplier, "kind": row.kind, "summary": row.summary},
    )
    if new:
        record(by, "product registered", f"product {row.slug}", stream=SITE, supplier=supplier.slug)
    for version in row.versions:
        _version(product, version, by)


def _version(product: Product, row: VersionRow, by: str) -> None:
    version = product.versions.filter(number=row.number).first()
    if version is None:
        version = enter_version(product, row.number, row.released_on, row.fingerprint, row.intended_use, by)
    if row.device is not None and not version.devices.exists():
        enter_device(version, row.device.device_class, row.device.route, row.device.more, by)
    for document in row.documents:
        _document(version, document, by)
    for promise in row.claims:
        if not version.claims.filter(text=promise.text).exists():
            enter_claim(version, promise, by)


def _document(version: Version, row: DocumentRow, by: str) -> None:
    known = version.product.supplier.documents.filter(kind=row.paper.kind, reference=row.paper.reference)
    if known.exists():
        return
    paper = row.paper
    if row.valid_days is not None:
        today = localdate(clock.now())
        paper = replace(
            paper, valid_from=paper.valid_from or today, valid_to=today + timedelta(days=row.valid_days)
        )
    enter_document(version, paper, by)


def _person(row: PersonRow, by: str) -> None:
    where = f"Person {row.username}"
    organisation = _named(row.organisation, where)
    person = Person.objects.filter(username=row.username).first()
    if person is None:
        person = _new_person(row, organisation, by)
    for role in row.roles:
        if not permissions.fits(role, organisation.tier):
            raise BadInput(
                f"{where}: the role {role} is not held at a {organisation.tier}. Correct one of them."
            )
        held = RoleHolding.objects.filter(
            person=person, role=role, organisation=organisation, until__isnull=True
        )
        if not held.exists():
            today = localdate(clock.now())
            RoleHolding.objects.create(person=person, role=role, organisation=organisation, since=today)
            record(
                by,
                "role given",
                f"person {row.username}",
                stream=SITE,
                role=role,
                organisation=organisation.slug,
            )
    for slug, nature in row.interests:
        supplier = _named(slug, where)
        if not Interest.objects.filter(person=person, supplier=supplier, ended_at__isnull=True).exists():
            Interest.objects.create(person=person, supplier=supplier, nature=nature, declared_at=clock.now())
            record(by, "interest declared", f"person {row.username}", stream=SITE, supplier=slug)


def _new_person(row: PersonRow, organisation: Organisation, by: str) -> Person:
    if row.email:
        try:
            validate_email(row.email)
        except ValidationError:
            raise BadInput(f"Person {row.username}: the e-mail address is not one. Correct it.") from None
    person = Person(
        username=row.username,
        full_name=row.full_name,
        profession=row.profession,
        registration=row.registration,
        email=row.email,
        organisation=organisation,
    )
    if row.password:
        person.set_password(row.password)
    else:
        person.set_unusable_password()
    try:
        person.full_clean(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise BadInput(f"Person {row.username}: {field}: {messages[0]}") from None
    person.save()
    record(by, "person added", f"person {row.username}", stream=SITE, organisation=organisation.slug)
    return person


def _peer(row: PeerRow, by: str) -> None:
    deployment = None
    if row.deployment:
        deployment = Deployment.objects.filter(slug=row.deployment).first()
        if deployment is None:
            raise BadInput(f"Peer {row.aet}: there is no deployment {row.deployment!r}. Propose it first.")
    site = _named(row.site, f"Peer {row.aet}") if row.site else None
    wanted = {
        "name": row.name,
        "kind": row.kind,
        "host": row.host,
        "port": row.port,
        "deployment": deployment,
        "site": site,
        "addresses": row.addresses,
        "secured": row.secured,
        "way": row.way,
        "url": row.url,
        "may_pull": row.may_pull,
        "patient_issuer": row.patient_issuer.strip(),
    }
    if not Peer.objects.filter(aet=row.aet, **wanted).exists():
        register_peer(aet=row.aet, **wanted, by=by)
