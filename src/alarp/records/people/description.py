"""What does a Trust's description say? Read whole and checked before a row is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.text import slugify

from alarp.kernel import BadInput, Tier
from alarp.records.products.models import IntendedUse
from alarp.standards import load_roles


@dataclass(frozen=True)
class OrganisationRow:
    slug: str
    name: str
    tier: str
    parent: str
    ods_code: str


@dataclass(frozen=True)
class PersonRow:
    username: str
    full_name: str
    organisation: str
    roles: tuple[str, ...]
    profession: str
    registration: str
    email: str
    password: str = field(repr=False)
    interests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class VersionRow:
    number: str
    released_on: date | None
    fingerprint: str
    intended_use: Mapping[str, Any]


@dataclass(frozen=True)
class ProductRow:
    slug: str
    name: str
    supplier: str
    kind: str
    summary: str
    versions: tuple[VersionRow, ...]


@dataclass(frozen=True)
class PeerRow:
    aet: str
    name: str
    kind: str
    host: str
    port: int | None
    deployment: str
    site: str


@dataclass(frozen=True)
class Description:
    """A Trust in rows: organisations, people, products and DICOM peers."""

    organisations: tuple[OrganisationRow, ...]
    people: tuple[PersonRow, ...]
    products: tuple[ProductRow, ...]
    peers: tuple[PeerRow, ...]


class _Fields:
    """One table of the description, under the name that its errors carry."""

    def __init__(self, value: Any, where: str, known: set[str]) -> None:
        if not isinstance(value, Mapping):
            raise BadInput(f"{where} is not a table of fields. Write it as `field: value` lines.")
        for name in value:
            if name not in known:
                raise BadInput(f"{where} has the field {name!r}, which is not known. Remove or correct it.")
        self.value, self.where = value, where

    def text(self, name: str, default: str | None = None) -> str:
        found = self.value.get(name, default)
        if isinstance(found, str) and (found.strip() or default is not None):
            return found.strip()
        if found is None:
            raise BadInput(f"{self.where} has no {name!r}. Write it.")
        raise BadInput(
            f"{self.where}: {name} is {found!r}; write it as text, in quotes where it looks like a number."
        )

    def slug(self, name: str) -> str:
        found = self.text(name)
        if slugify(found) != found:
            raise BadInput(f"{self.where}: {name} is {found!r}; take lower-case letters, digits and hyphens.")
        return found

    def day(self, name: str) -> date | None:
        found = self.value.get(name)
        if found is not None and not isinstance(found, date):
            raise BadInput(f"{self.where}: {name} is {found!r}; give a day such as 2026-11-22.")
        return found

    def rows(self, name: str) -> list[Any]:
        found = self.value.get(name) or []
        if not isinstance(found, list):
            raise BadInput(f"{self.where}: {name} is not a list. Write one line with a dash for each.")
        return found


_TOP = {"organisations", "people", "products", "peers"}


def read(table: Any) -> Description:
    """The description from its table (a parsed YAML file); BadInput in one sentence for the first fault."""
    top = _Fields(table, "The description", _TOP)

    def each(name: str, reader: Callable[[Any, str], Any]) -> tuple[Any, ...]:
        return tuple(
            reader(row, f"{name}, entry {number}") for number, row in enumerate(top.rows(name), start=1)
        )

    return Description(
        organisations=each("organisations", _organisation),
        people=each("people", _person),
        products=each("products", _product),
        peers=each("peers", _peer),
    )


def _organisation(value: Any, where: str) -> OrganisationRow:
    row = _Fields(value, where, {"slug", "name", "tier", "parent", "ods_code"})
    tier = row.text("tier")
    if tier not in set(Tier):
        raise BadInput(f"{where}: tier is {tier!r}; it is one of {', '.join(Tier)}.")
    parent = row.text("parent", "")
    if tier == Tier.SITE and not parent:
        raise BadInput(f"{where}: a site has a Trust above it; name it under `parent`.")
    return OrganisationRow(row.slug("slug"), row.text("name"), tier, parent, row.text("ods_code", ""))


def _person(value: Any, where: str) -> PersonRow:
    known = {
        "username",
        "full_name",
        "organisation",
        "roles",
        "profession",
        "registration",
        "email",
        "password",
        "interests",
    }
    row = _Fields(value, where, known)
    catalogue = {role.slug for role in load_roles()}
    for role in row.rows("roles"):
        if role not in catalogue:
            raise BadInput(f"{where}: the role catalogue has no {role!r}. Correct it.")
    interests = [_Fields(one, f"{where}, interests", {"supplier", "nature"}) for one in row.rows("interests")]
    return PersonRow(
        username=row.text("username"),
        full_name=row.text("full_name"),
        organisation=row.text("organisation"),
        roles=tuple(row.rows("roles")),
        profession=row.text("profession", ""),
        registration=row.text("registration", ""),
        email=row.text("email", ""),
        password=row.text("password", ""),
        interests=tuple((one.text("supplier"), one.text("nature")) for one in interests),
    )


def _product(value: Any, where: str) -> ProductRow:
    row = _Fields(value, where, {"slug", "name", "supplier", "kind", "summary", "versions"})
    return ProductRow(
        slug=row.slug("slug"),
        name=row.text("name"),
        supplier=row.text("supplier"),
        kind=row.slug("kind"),
        summary=row.text("summary", ""),
        versions=tuple(
            _version(one, f"{where}, version {number}") for number, one in enumerate(row.rows("versions"), 1)
        ),
    )


def _version(value: Any, where: str) -> VersionRow:
    row = _Fields(value, where, {"number", "released_on", "fingerprint", "intended_use"})
    fingerprint = row.text("fingerprint", "").lower()
    if fingerprint and (len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef")):
        raise BadInput(f"{where}: the fingerprint is not a SHA-256 digest of 64 hexadecimal digits.")
    use = _Fields(
        value.get("intended_use") or {}, f"{where}, intended_use", {*IntendedUse.STATEMENTS, "rules"}
    )
    rules = use.value.get("rules") or {}
    if not isinstance(rules, Mapping):
        raise BadInput(
            f"{where}: the rules of the intended use are not a table. Write `modalities: [CR]` and so on."
        )
    said = {name: use.text(name, "") for name in IntendedUse.STATEMENTS}
    return VersionRow(row.text("number"), row.day("released_on"), fingerprint, {**said, "rules": dict(rules)})


def _peer(value: Any, where: str) -> PeerRow:
    row = _Fields(value, where, {"aet", "name", "kind", "host", "port", "deployment", "site"})
    port = row.value.get("port")
    if port is not None and (not isinstance(port, int) or isinstance(port, bool)):
        raise BadInput(f"{where}: port is {port!r}; give a whole number.")
    return PeerRow(
        aet=row.text("aet"),
        name=row.text("name"),
        kind=row.text("kind"),
        host=row.text("host", ""),
        port=port,
        deployment=row.text("deployment", ""),
        site=row.text("site", ""),
    )
