"""Has this patient said no to AI? Alarp's own register, and beside it the Trust's list when one is set.

An opt-out that stood at any moment since the study arrived bars that study for good: withdrawing an
opt-out restores future studies only. When the Trust's list is missing, too old or unreadable the
question has no answer, and without an answer nothing is sent (`Unavailable`).

A patient whose records were merged is asked about under every number that means them (`identities`): an
opt-out of either is an opt-out of both, from the moment the merge is here.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Q

from alarp.identity.header import is_nhs_number
from alarp.kernel import Phase, Unavailable
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger.identities import PatientIds, digits, known_as, plain
from alarp.records.ledger.models import OptOut

REGISTER, TRUST_LIST = "register", "trust list"
COLUMNS = ("nhs_number", "patient_id", "issuer")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which register holds the patient's no, and for which deployment (None: every tool)?"""

    source: str
    deployment: int | None
    opt_out: int | None = None

    @property
    def sentence(self) -> str:
        where = "the Trust's opt-out list" if self.source == TRUST_LIST else f"opt-out {self.opt_out}"
        return f"The patient has opted out of AI ({where})."


def find(ids: PatientIds, *, deployment: Any | None, since: datetime) -> Refusal | None:
    """Does an opt-out bar this patient's study, received at `since`, from this deployment (None: from all)?

    An opt-out that begins later (`effective_from`) bars from then on, also what arrived before and has not left.
    Raises Unavailable (phase opt-out) when the Trust's list cannot be asked.
    """
    reach = Q(deployment__isnull=True)
    if deployment is not None:
        reach |= Q(deployment=deployment)
    names = known_as(ids)
    begun = Q(effective_from__isnull=True) | Q(effective_from__lte=clock.now())
    standing = OptOut.objects.filter(reach, begun).filter(
        Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=since)
    )
    for row in standing.filter(_might_be(names)).order_by("pk"):
        if _never_stood(row):
            continue
        if any(name.same_patient(PatientIds.of(row)) for name in names):
            return Refusal(REGISTER, row.deployment_id, row.pk)
    if any(name.same_patient(other) for name in names for other in _trust_list(name)):
        return Refusal(TRUST_LIST, None)
    return None


def _never_stood(row: OptOut) -> bool:
    """Was it withdrawn before it began?"""
    return bool(row.effective_from and row.withdrawn_at and row.withdrawn_at <= row.effective_from)


def of_patient(ids: PatientIds) -> list[OptOut]:
    """The register's opt-outs in force (or about to begin) of this patient, under every number that means them."""
    names = known_as(ids)
    rows = OptOut.objects.filter(_might_be(names), withdrawn_at__isnull=True).order_by("pk")
    return [row for row in rows if any(name.same_patient(PatientIds.of(row)) for name in names)]


def _might_be(names: Iterable[PatientIds]) -> Q:
    # Stored in plain form by `record_opt_out`, so the index answers.
    might = Q(pk__in=[])
    for ids in names:
        if ids.nhs_number:
            might |= Q(nhs_number=ids.nhs_number)
        if ids.patient_id:
            might |= Q(patient_id__iexact=ids.patient_id)
    return might


def _unreachable(what: str) -> Unavailable:
    return Unavailable(
        f"The Trust's opt-out list {what}; nothing is sent until it can be asked.", phase=Phase.OPT_OUT
    )


def _trust_list(ids: PatientIds) -> tuple[PatientIds, ...]:
    """The list's entries that share a number with this patient; empty when no list is set."""
    settings = configuration()
    if not settings.opt_out_file:
        return ()
    file = Path(settings.opt_out_file)
    try:
        found = file.stat()
    except OSError:
        raise _unreachable("is missing") from None
    age_h = (clock.now().timestamp() - found.st_mtime) / 3600
    if age_h > settings.opt_out_file_age_h:
        raise _unreachable(f"is {age_h:.0f} hours old (at most {settings.opt_out_file_age_h:g})")
    index = _read(os.fspath(file), found.st_mtime_ns, found.st_size)
    keys = [("nhs", ids.nhs_number), ("id", ids.patient_id)]
    return tuple(entry for key in keys if key[1] for entry in index.get(key, ()))


@lru_cache(maxsize=2)
def _read(file: str, changed_ns: int, size: int) -> Mapping[tuple[str, str], tuple[PatientIds, ...]]:
    """The list as an index by number, read again whenever the file has changed."""
    index: dict[tuple[str, str], tuple[PatientIds, ...]] = {}
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as handle:
            rows = csv.DictReader(handle)
            known = {_column(name): name for name in rows.fieldnames or ()}
            if not {"nhs_number", "patient_id"} & known.keys():
                raise _unreachable("has neither a column nhs_number nor a column patient_id")
            for row in rows:
                values = {name: row.get(known.get(name, ""), "") or "" for name in COLUMNS}
                entry = PatientIds(
                    plain(values["patient_id"]), plain(values["issuer"]), digits(values["nhs_number"])
                )
                if any(values.values()) and not (entry.patient_id or is_nhs_number(entry.nhs_number)):
                    raise _unreachable(
                        f"names no patient in line {rows.line_num} (neither a hospital number nor a valid NHS number)"
                    )
                for key in (("nhs", entry.nhs_number), ("id", entry.patient_id)):
                    if key[1]:
                        index[key] = (*index.get(key, ()), entry)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise _unreachable("cannot be read") from None
    return index


def _column(heading: str) -> str:
    """'NHS Number' is nhs_number: a heading that is only written otherwise must not lose its column."""
    return "_".join(heading.casefold().replace("-", " ").replace("_", " ").split())
