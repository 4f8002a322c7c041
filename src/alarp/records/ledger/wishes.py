"""A wish that came from a file or another system becomes opt-outs, or ends those that came the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from alarp.kernel import BadInput, sha256_hex
from alarp.records import permissions
from alarp.records.audit import commands as audit
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import commands, opt_outs
from alarp.records.ledger.identities import PatientIds, plain
from alarp.records.ledger.models import OptOut
from alarp.records.messages.reading import lists
from alarp.records.messages.reading.said import Whom, Wish
from alarp.records.people.models import Organisation, Person


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed: opt-outs recorded and withdrawn, and wishes that stood already."""

    recorded: int
    withdrawn: int
    unchanged: int

    @property
    def sentence(self) -> str:
        def many(count: int) -> str:
            return f"{count} opt-out" if count == 1 else f"{count} opt-outs"

        return (
            f"{many(self.recorded)} recorded, {many(self.withdrawn)} withdrawn; "
            f"{self.unchanged} of the file stood already."
        )


def import_file(data: bytes, name: str, *, by: Person) -> Imported:
    """Take in a file of opt-outs (CSV, HL7 v2 or FHIR Consent, told by its name): all of it or nothing.

    Raises BadInput that names every line (or message, or resource) that cannot be used; nothing is written then.
    """
    source, entries = lists.read(data, name)
    permissions.check(by, "record_opt_out", _organisation(by))
    tools = {d.slug: d for d in Deployment.objects.all()}
    lists.complain(
        (place, f"there is no tool {tool!r}")
        for place, wish in entries
        for tool in wish.tools
        if tool not in tools
    )
    recorded = withdrawn = unchanged = 0
    with transaction.atomic():
        for place, wish in entries:
            changed = apply_wish(wish, source=source, reference=place, by=by)
            recorded += changed if wish.says_no else 0
            withdrawn += 0 if wish.says_no else changed
            unchanged += not changed
        digest = sha256_hex(data)
        audit.record(
            by, "opt-outs imported", "opt-outs", source=source, file_sha256=digest, recorded=recorded,
            withdrawn=withdrawn, unchanged=unchanged,
        )  # fmt: skip
    return Imported(recorded, withdrawn, unchanged)


def apply_wish(wish: Wish, *, source: str, reference: str, by: Person) -> int:
    """Record what the patient wants; answers how many opt-outs were recorded or withdrawn (0: it stood already).

    A feed withdraws only what the same kind of feed recorded: what a person wrote down at the point of care, a
    person withdraws.
    """
    tools = _tools(wish.tools)
    if wish.says_no:
        return sum(_record(wish, name, tools, source, reference, by) for name in _names(wish.whom))
    standing = {row.pk: row for name in _names(wish.whom) for row in opt_outs.of_patient(name)}
    reach = {tool.pk for tool in tools}
    meant = [
        row for row in standing.values() if row.source == source and (not reach or row.deployment_id in reach)
    ]
    for row in meant:
        commands.withdraw_opt_out(row, by=by)
    return len(meant)


def _record(
    wish: Wish, name: PatientIds, tools: Sequence[Deployment], source: str, reference: str, by: Person
) -> int:
    missing = [tool for tool in tools or (None,) if not _stands(name, tool, wish)]
    for tool in missing:
        commands.record_opt_out(
            patient_id=name.patient_id,
            issuer=name.issuer,
            nhs_number=name.nhs_number,
            deployment=tool,
            note=" ".join(filter(None, (wish.note, f"({reference})")))[:300],
            effective_from=wish.effective_from,
            source=source,
            organisation=_organisation(by),
            by=by,
        )
    return len(missing)


def _stands(name: PatientIds, tool: Deployment | None, wish: Wish) -> bool:
    """Is exactly this opt-out in force already, from then or earlier? Also when it came another way."""
    rows = OptOut.objects.filter(
        deployment=tool, withdrawn_at__isnull=True, nhs_number=name.nhs_number,
        patient_id__iexact=name.patient_id,
    )  # fmt: skip
    return any(
        plain(row.issuer) == plain(name.issuer)
        and (
            row.effective_from is None
            or (wish.effective_from is not None and row.effective_from <= wish.effective_from)
        )
        for row in rows
    )


def _names(whom: Whom) -> Iterable[PatientIds]:
    """One opt-out for each hospital number; the NHS number stands with the first."""
    if not whom.hospital:
        return [PatientIds("", "", whom.nhs_number)]
    return [
        PatientIds("".join(number.split()), issuer.strip(), whom.nhs_number if place == 0 else "")
        for place, (number, issuer) in enumerate(whom.hospital)
    ]


def _tools(slugs: Sequence[str]) -> list[Deployment]:
    found = {d.slug: d for d in Deployment.objects.filter(slug__in=slugs)}
    unknown = [slug for slug in slugs if slug not in found]
    if unknown:
        raise BadInput(
            f"There is no tool {unknown[0]!r}; use a deployment's short name, or none for every tool."
        )
    return list(found.values())


def _organisation(person: Person) -> Organisation:
    if person.organisation is None:
        raise BadInput(f"{person.username} belongs to no organisation; opt-outs are recorded for one.")
    found: Organisation = person.organisation
    return found
