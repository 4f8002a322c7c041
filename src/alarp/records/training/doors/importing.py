"""How do modules, a Trust's own competences and lists of records come in from a file? All of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from alarp.kernel import AlarpError, BadInput, NotNow
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.ledger.models import Result
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import trust_of
from alarp.records.products.models import Version
from alarp.records.training.doors.recording import record_training
from alarp.records.training.models import Item, LocalCompetences, Module, TrainingRecord
from alarp.records.training.queries import framework_of, module_named
from alarp.records.training.reading import ModuleRow, RecordRow, read_modules, read_records, read_yaml
from alarp.standards.competences import load_framework, read_addition
from alarp.standards.roles import load_roles

LARGEST_FILE_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought."""

    modules: tuple[Module, ...] = ()
    unchanged: int = 0
    records: int = 0
    statements: int = 0

    @property
    def sentence(self) -> str:
        """'1 module added. 2 entries were there already.'"""
        counts = (
            (len(self.modules), "module"),
            (self.records, "training record"),
            (self.statements, "competence statement"),
        )
        parts = [f"{n} {word}{'' if n == 1 else 's'} added." for n, word in counts if n]
        if self.unchanged:
            parts.append(
                f"{self.unchanged} {'entry was' if self.unchanged == 1 else 'entries were'} there already."
            )
        return " ".join(parts)


def import_file(data: bytes, name: str, *, by: Person) -> Imported:
    """Take in a file: YAML with `modules` or `competences`, or CSV with training records."""
    if not data.strip():
        raise BadInput(f"{name} is empty. Give a file of modules, competences or training records.")
    if len(data) > LARGEST_FILE_BYTES:
        raise BadInput(
            f"{name} has {len(data) / 1e6:.1f} MB; a file of training has at most {LARGEST_FILE_BYTES / 1e6:.0f} MB."
        )
    trust = _trust(by)
    if name.lower().endswith(".csv"):
        return _records(read_records(data, name), by)
    table = read_yaml(data, name)
    if not table:
        raise BadInput(
            f"{name} holds neither modules nor competences. See docs/how-to/train-and-entitle.md for the form."
        )
    with transaction.atomic():
        statements = _competences(table["competences"], trust, name, by) if "competences" in table else 0
        made: list[Module] = []
        unchanged = 0
        if "modules" in table:
            known = [s.name for s in framework_of(trust).statements]
            for row in read_modules(table, name, roles=[r.slug for r in load_roles()], statements=known):
                module = _module(row, trust, by)
                made += [module] if module else []
                unchanged += module is None
    return Imported(tuple(made), unchanged, 0, statements)


def _trust(by: Person) -> Organisation:
    if by.organisation is None or permissions.is_supplier(by):
        permissions.check(by, "keep_training")
        raise BadInput("You work for no Trust, so nothing can be imported for one.")
    trust = trust_of(by.organisation)
    permissions.check(by, "keep_training", trust)
    return trust


def _module(row: ModuleRow, trust: Organisation, by: Person) -> Module | None:
    """The new edition of this module; None when the newest one says the same."""
    last = Module.objects.filter(organisation=trust, slug=row.slug).order_by("-edition").first()
    version = _version(row)
    if last is not None:
        if last.version_id != (version.pk if version else None):
            raise BadInput(
                f"{row.where} is about {version or 'no product'}, but the module of this slug is about "
                f"{last.version or 'no product'}; give the new one a slug of its own."
            )
        if last.sha256 == row.sha256:
            return None
    at = clock.now()
    module = Module(
        organisation=trust,
        slug=row.slug,
        edition=last.edition + 1 if last else 1,
        title=row.title,
        version=version,
        outcomes=list(row.outcomes),
        teaches=row.teaches,
        accreditor=row.accreditor,
        pass_mark=row.pass_mark,
        failures_mark=row.failures_mark,
        valid_days=row.valid_days,
        grants=row.grants,
        asked_of=list(row.asked_of),
        sha256=row.sha256,
        added_by=by,
        added_at=at,
    )
    module.save()
    for number, item in enumerate(row.items, start=1):
        Item(
            module=module,
            number=number,
            case_text=item.case_text,
            ai_said=item.ai_said,
            result=_result(item.result, f"{row.where}, case {number}"),
            ai_right=item.ai_right,
            reason=item.reason,
        ).save()
    record(
        by,
        "training module added",
        f"training module {row.slug}",
        stream=SITE,
        at=at,
        edition=module.edition,
        about=str(version) if version else "general",
        organisation=trust.slug,
        sha256=row.sha256,
        cases=len(row.items),
    )
    return module


def _version(row: ModuleRow) -> Version | None:
    if not row.product:
        return None
    found = (
        Version.objects.select_related("product")
        .filter(product__slug=row.product, number=row.version)
        .first()
    )
    if found is None:
        raise BadInput(
            f"{row.where}: there is no version {row.version} of the product {row.product!r}. Register it first."
        )
    return found


def _result(number: int | None, where: str) -> Result | None:
    if number is None:
        return None
    found = Result.objects.filter(pk=number).first()
    if found is None:
        raise BadInput(f"{where}: there is no result {number}. Correct the number or leave it out.")
    return found


def _competences(table: object, trust: Organisation, name: str, by: Person) -> int:
    roles = [role.slug for role in load_roles()]
    version, statements = read_addition(
        table, load_framework(), roles, by=trust.name, where=f"{name}, competences"
    )
    if len(version) > 40:
        raise BadInput(
            f"{name}, competences: the version has {len(version)} characters; at most 40 are kept."
        )
    before = LocalCompetences.objects.filter(organisation=trust, version=version).first()
    if before is not None:
        if before.content == table:
            return 0
        raise NotNow(
            f"{name}: version {version} of your competences is there and says something else; give the new one a new version."
        )
    at = clock.now()
    LocalCompetences(
        organisation=trust,
        version=version,
        adds_to=load_framework().version,
        content=table,
        added_by=by,
        added_at=at,
    ).save()
    record(
        by,
        "competences added",
        f"organisation {trust.slug}",
        stream=SITE,
        at=at,
        version=version,
        statements=len(statements),
    )
    return len(statements)


def _records(rows: tuple[RecordRow, ...], by: Person) -> Imported:
    """Every line, or none: the first line that is refused says so with its number."""
    made = unchanged = 0
    with transaction.atomic():
        people = {
            p.username: p
            for p in Person.objects.filter(username__in=[r.username for r in rows]).select_related(
                "organisation"
            )
        }
        for row in rows:
            try:
                made, unchanged = (
                    (made + 1, unchanged) if _one_record(row, people, by) else (made, unchanged + 1)
                )
            except AlarpError as refusal:
                raise type(refusal)(f"{row.where}: {refusal}") from None
    return Imported(records=made, unchanged=unchanged)


def _one_record(row: RecordRow, people: dict[str, Person], by: Person) -> bool:
    """Was it new? A line that says what is recorded already is passed over."""
    if not row.username:
        raise BadInput("The record is for nobody; write the username of the person who was trained.")
    person = people.get(row.username)
    if person is None:
        raise BadInput(
            f"There is nobody with the username {row.username!r}. Correct it, or add the person first."
        )
    module = module_named(row.module, by)
    if module is None:
        raise BadInput(f"There is no training module {row.module!r}. Correct it, or import the module first.")
    same = TrainingRecord.objects.filter(
        module=module, person=person, dated=row.dated, correct=row.correct, items=row.items,
        caught=row.caught, failures=row.failures, certificate=row.certificate,
    )  # fmt: skip
    if same.exists():
        return False
    record_training(
        person, module, row.dated, correct=row.correct, items=row.items, caught=row.caught,
        failures=row.failures, certificate=row.certificate, by=by,
    )  # fmt: skip
    return True
