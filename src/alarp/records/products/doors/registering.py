"""How do products, versions and what they are for come into the register? Each fact once, never reworded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from alarp.kernel import BadInput, NotNow, NotPermitted, Tier
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.evidence.commands import create_key
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Device, IntendedUse, Product, Version
from alarp.standards.products import load_device_terms

Actor = Person | str


def register_product(
    supplier: Organisation | str, slug: str, name: str, kind: str, summary: str = "", *, by: Person
) -> Product:
    """Put a new product on the register; `supplier` is one that is known, or the name of a new one."""
    permissions.check(by, "register_product")
    _check_name(slug, name, kind)
    if permissions.is_supplier(by) and supplier != by.organisation:
        raise NotPermitted(f"You work for {by.organisation}; you register its own products only.")
    with transaction.atomic():
        if Product.objects.filter(slug=slug).exists():
            raise BadInput(f"There is a product with the short name {slug!r} already; take another.")
        seller = _new_supplier(supplier, by) if isinstance(supplier, str) else supplier
        if seller.tier != Tier.SUPPLIER:
            raise BadInput(f"{seller.name} is a {seller.tier}, not a supplier.")
        product = Product.objects.create(
            slug=slug, name=name.strip(), supplier=seller, kind=kind, summary=summary.strip()
        )
        record(by, "product registered", f"product {slug}", stream=SITE, supplier=seller.slug)
    return product


def _check_name(slug: str, name: str, kind: str) -> None:
    if not slug or slugify(slug) != slug or len(slug) > 50:
        raise BadInput(f"The short name is {slug!r}; take lower-case letters, digits and hyphens.")
    if not name.strip() or len(name) > 120:
        raise BadInput("A product needs a name of 1 to 120 characters.")
    if not kind or slugify(kind) != kind:
        raise BadInput(f"The kind of product is {kind!r}; it is detection, triage or contouring.")


def _new_supplier(name: str, by: Person) -> Organisation:
    slug = slugify(name)[:50]
    if not slug or len(name) > 200:
        raise BadInput("A new supplier needs a name of 1 to 200 characters.")
    known = Organisation.objects.filter(slug=slug).first()
    if known is not None:
        raise BadInput(f"There is an organisation {known.name!r} already; choose it from the list.")
    made = Organisation.objects.create(slug=slug, name=name.strip(), tier=Tier.SUPPLIER.value)
    record(by, "organisation added", f"organisation {slug}", stream=SITE, tier=Tier.SUPPLIER.value)
    create_key(made, by=by)
    return made


def register_version(
    product: Product,
    number: str,
    released_on: date | None = None,
    fingerprint: str = "",
    statements: Mapping[str, Any] | None = None,
    *,
    by: Person,
) -> Version:
    """Put a new version of a product on the register, with what its supplier states of its intended use."""
    permissions.check(by, "register_product", product)
    fingerprint = fingerprint.strip().lower()
    if not number.strip() or len(number.strip()) > 40:
        raise BadInput("A version needs a number of 1 to 40 characters, as the software itself says it.")
    if fingerprint and (len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef")):
        raise BadInput("The fingerprint is not a SHA-256 digest of 64 hexadecimal digits.")
    return enter_version(product, number.strip(), released_on, fingerprint, statements or {}, by)


def enter_version(
    product: Product,
    number: str,
    released_on: date | None,
    fingerprint: str,
    statements: Mapping[str, Any],
    actor: Actor,
) -> Version:
    """Write a version and its intended use, as a person registers it or a Trust's description says it."""
    with transaction.atomic():
        Product.objects.select_for_update().get(pk=product.pk)
        if product.versions.filter(number=number).exists():
            raise BadInput(f"{product.name} {number} is on the register already.")
        version = Version.objects.create(
            product=product,
            number=number,
            released_on=released_on,
            fingerprint=fingerprint,
            added_at=clock.now(),
        )
        IntendedUse.objects.create(version=version, **statements)
        record(actor, "version registered", f"product {product.slug}", stream=SITE, version=number)
    return version


def state_intended_use(
    version: Version,
    statements: Mapping[str, str],
    *,
    screening_committee: str = "",
    by: Person,
) -> IntendedUse:
    """Make statements that were missing. What was stated once is never reworded: that is a new version."""
    permissions.check(by, "register_product", version)
    with transaction.atomic():
        use, _ = IntendedUse.objects.select_for_update().get_or_create(version=version)
        made = {name: text.strip() for name, text in statements.items() if text.strip()}
        if screening_committee.strip():
            made["screening_committee"] = screening_committee.strip()
        for name, text in made.items():
            if name not in (*IntendedUse.STATEMENTS, "screening_committee"):
                raise BadInput(f"An intended use has no statement {name!r}.")
            if getattr(use, name) and getattr(use, name) != text:
                raise NotNow(
                    f"{version} states its {name.replace('_', ' ')} already; what was stated is not reworded, "
                    "register a new version."
                )
            setattr(use, name, text)
        if not made:
            raise BadInput("Nothing was stated; fill in at least one of the missing statements.")
        use.save(update_fields=[*made])
        record(
            by,
            "intended use stated",
            f"product {version.product.slug}",
            stream=SITE,
            version=version.number,
            stated=sorted(made),
        )
    return use


def state_device(
    version: Version,
    device_class: str,
    market_route: str,
    *,
    gmdn: str = "",
    udi: str = "",
    registration: str = "",
    responsible: str = "",
    by: Person,
) -> Device:
    """Say what this version is under device law. The newest statement counts, the earlier ones stay."""
    permissions.check(by, "register_product", version)
    more = {"gmdn": gmdn, "udi": udi, "registration": registration, "responsible": responsible}
    return enter_device(version, device_class, market_route, more, by)


def enter_device(
    version: Version, device_class: str, market_route: str, more: Mapping[str, str], actor: Actor
) -> Device:
    """Write a statement of device status, as a person makes it or a Trust's description says it."""
    for what, given in (("classes", device_class), ("routes", market_route)):
        known = [one.slug for one in load_device_terms(what)]
        if given not in known:
            raise BadInput(
                f"{version}: the device's {what[:-1] if what == 'routes' else 'class'} is {given!r}; it is one of "
                f"{', '.join(known)}."
            )
    row = Device(
        version=version,
        device_class=device_class,
        market_route=market_route,
        **{name: text.strip() for name, text in more.items()},
        stated_by=None if isinstance(actor, str) else actor,
        stated_at=clock.now(),
    )
    with transaction.atomic():
        row.save()
        record(
            actor,
            "device status stated",
            f"product {version.product.slug}",
            stream=SITE,
            version=version.number,
            device_class=device_class,
            route=market_route,
            registration=row.registration,
        )
    return row
