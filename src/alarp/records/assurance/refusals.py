"""Who has said no, from when, until when, for which tools? All of it at once, for a comparison with everything.

Whose no it is depends on which numbers were known to be one person's, and that changes: a merge binds from the moment
it is here, and a pairing of numbers may be corrected. So the question can be asked as of a moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from pathlib import Path

from django.db.models import Q

from alarp.kernel import Unavailable
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger import opt_outs
from alarp.records.ledger.identities import PatientIds, known_as, plain
from alarp.records.ledger.models import OptOut
from alarp.records.messages.models import Merge


@dataclass(frozen=True, slots=True)
class No:
    """One patient's no: since when it binds us, until when, for which deployment (empty: every tool)."""

    ids: PatientIds
    since: datetime
    until: datetime | None
    deployment: str
    words: str

    def stood(self, at: datetime, received: datetime) -> bool:
        """Did it bar a study, received then, from leaving at this moment? A no that stood since receipt bars for good."""
        return self.since <= at and (self.until is None or self.until > received)


@dataclass(frozen=True)
class Noes:
    """Every no of the register; the Trust's list is asked for each patient."""

    register: dict[str, list[No]]
    troubles: tuple[str, ...]
    merged_at: tuple[
        datetime, ...
    ]  # before the first nobody goes by another name, and nothing need be asked for one
    _asked: dict[tuple[tuple[PatientIds, ...], int], list[No]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Noes:
        """Read the register once; says what cannot be asked."""
        found: dict[str, list[No]] = {}
        for row in OptOut.objects.select_related("deployment").order_by("pk"):
            # A date before it was recorded binds nobody backwards: nobody could have known.
            since = max(row.recorded_at, row.effective_from or row.recorded_at)
            if row.withdrawn_at is not None and row.withdrawn_at <= since:
                continue
            slug = row.deployment.slug if row.deployment else ""
            no = No(PatientIds.of(row), since, row.withdrawn_at, slug, f"opt-out {row.pk}")
            for key in _keys(no.ids):
                found.setdefault(key, []).append(no)
        merged_at = tuple(sorted(Merge.objects.values_list("at", flat=True)))
        try:
            opt_outs.find(PatientIds(patient_id=plain("nobody at all")), deployment=None, since=clock.now())
        except Unavailable as error:
            return cls(found, (str(error),), merged_at)
        return cls(found, (), merged_at)

    def of(self, names: Iterable[PatientIds], *, at: datetime | None = None) -> list[No]:
        """Every no of the patient who goes by any of these names, and by the names that merges (until `at`) add."""
        given = tuple(dict.fromkeys(name for name in names if name))
        merges = len(self.merged_at) if at is None else bisect_right(self.merged_at, at)
        if (given, merges) not in self._asked:
            self._asked[given, merges] = self._of(given, merges)
        return self._asked[given, merges]

    def brought_by(self, names: Iterable[PatientIds], no: No, *, after: datetime) -> Merge | None:
        """Which merge, of those after this moment, made the no one of this patient?"""
        given = tuple(names)
        numbers = {
            n for name in given for one in known_as(name) for n in (one.patient_id, one.nhs_number) if n
        }
        columns = ("patient_id", "old_patient_id", "nhs_number", "old_nhs_number")
        of_patient = reduce(or_, (Q(**{f"{column}__in": numbers}) for column in columns))
        since = Merge.objects.filter(of_patient, at__gt=after).order_by("at", "pk")
        for row in since.select_related("message"):
            if no in self.of(given, at=row.at):
                return row
        return None

    def _of(self, given: tuple[PatientIds, ...], merges: int) -> list[No]:
        until = self.merged_at[merges - 1] if merges else None
        every = list(
            dict.fromkeys(n for name in given for n in (known_as(name, at=until) if merges else (name,)))
        )
        near = [no for name in every for key in _keys(name) for no in self.register.get(key, ())]
        said = list(dict.fromkeys(no for no in near if any(n.same_patient(no.ids) for n in every)))
        listed = next((no for name in every if (no := self._listed(name)) is not None), None)
        return [*said, listed] if listed else said

    def _listed(self, name: PatientIds) -> No | None:
        """The Trust's list says no; since when it does not say, but at the latest since it was written."""
        if not configuration().opt_out_file or self.troubles:
            return None
        refusal = opt_outs.find(name, deployment=None, since=clock.now())
        if refusal is None or refusal.source != opt_outs.TRUST_LIST:
            return None
        written = datetime.fromtimestamp(Path(configuration().opt_out_file).stat().st_mtime, UTC)
        return No(name, written, None, "", "the Trust's opt-out list")


def _keys(ids: PatientIds) -> tuple[str, ...]:
    return tuple(key for key in (f"nhs {ids.nhs_number}", f"id {ids.patient_id}") if not key.endswith(" "))
