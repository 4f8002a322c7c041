"""What does a Trust's description say? Read whole and checked before a row is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from alarp.kernel import BadInput, Tier
from alarp.records.people.described_products import (
    ProductRow,
    product_row,
)
from alarp.records.people.fields import Fields
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
class PeerRow:
    aet: str
    name: str
    kind: str
    host: str
    port: int | None
    deployment: str
    site: str
    addresses: str = ""
    secured: str = ""
    way: str = "dimse"
    url: str = ""
    may_pull: bool = False
    patient_issuer: str = ""


@dataclass(frozen=True)
class Description:
    """A Trust in rows: organisations, people, products and DICOM peers."""

    organisations: tuple[OrganisationRow, ...]
    people: tuple[PersonRow, ...]
    products: tuple[ProductRow, ...]
    peers: tuple[PeerRow, ...]


_TOP = {"organisations", "people", "products", "peers"}


def read(table: Any) -> Description:
    """The description from its table (a parsed YAML file); BadInput in one sentence for the first fault."""
    top = Fields(table, "The description", _TOP)

    def each(name: str, reader: Callable[[Any, str], Any]) -> tuple[Any, ...]:
        return tuple(
            reader(row, f"{name}, entry {number}") for number, row in enumerate(top.rows(name), start=1)
        )

    return Description(
        organisations=each("organisations", _organisation),
        people=each("people", _person),
        products=each("products", product_row),
        peers=each("peers", _peer),
    )


def _organisation(value: Any, where: str) -> OrganisationRow:
    row = Fields(value, where, {"slug", "name", "tier", "parent", "ods_code"})
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
    row = Fields(value, where, known)
    catalogue = {role.slug for role in load_roles()}
    for role in row.rows("roles"):
        if role not in catalogue:
            raise BadInput(f"{where}: the role catalogue has no {role!r}. Correct it.")
    interests = [Fields(one, f"{where}, interests", {"supplier", "nature"}) for one in row.rows("interests")]
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


def _peer(value: Any, where: str) -> PeerRow:
    row = Fields(value, where, {one.name for one in fields(PeerRow)})
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
        addresses=row.text("addresses", ""),
        secured=row.text("secured", ""),
        way=row.text("way", "dimse"),
        url=row.text("url", ""),
        may_pull=row.truth("may_pull", False),
        patient_issuer=row.text("patient_issuer", ""),
    )
