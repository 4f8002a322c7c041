"""Has this patient said no to AI? Alarp's own register, and beside it the Trust's list when one is set.

An opt-out that stood at any moment since the study arrived bars that study for good: withdrawing an
opt-out restores future studies only. When the Trust's list is missing, too old or unreadable the
question has no answer, and without an answer nothing is sent (`Unavailable`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.models import Q

from alarp.kernel import Phase, Unavailable
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger.models import OptOut, Study

REGISTER, TRUST_LIST = "register", "trust list"
COLUMNS = ("nhs_number", "patient_id", "issuer")


def plain(text: str) -> str:
    """The form in which identifiers are compared: no spaces, one case."""
    return "".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class PatientIds:
    """By which identifiers is this patient known?"""

    patient_id: str = ""
    issuer: str = ""
    nhs_number: str = ""

    @classmethod
    def of(cls, row: Study | OptOut) -> PatientIds:
        return cls(plain(row.patient_id), plain(row.issuer), plain(row.nhs_number))

    def same_patient(self, other: PatientIds) -> bool:
        """Either number is enough; an issuer counts only where both sides name one (when in doubt: the same)."""
        if self.nhs_number and self.nhs_number == other.nhs_number:
            return True
        if not self.patient_id or self.patient_id != other.patient_id:
            return False
        return not (self.issuer and other.issuer) or self.issuer == other.issuer


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

    Raises Unavailable (phase opt-out) when the Trust's list cannot be asked.
    """
    reach = Q(deployment__isnull=True)
    if deployment is not None:
        reach |= Q(deployment=deployment)
    standing = OptOut.objects.filter(reach).filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=since))
    for row in standing.filter(_might_be(ids)).order_by("pk"):
        if ids.same_patient(PatientIds.of(row)):
            return Refusal(REGISTER, row.deployment_id, row.pk)
    if any(ids.same_patient(other) for other in _trust_list(ids)):
        return Refusal(TRUST_LIST, None)
    return None


def _might_be(ids: PatientIds) -> Q:
    # Stored in plain form by `record_opt_out`, so the index answers.
    might = Q(pk__in=[])
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
            known = {name.strip().casefold(): name for name in rows.fieldnames or ()}
            if not {"nhs_number", "patient_id"} & known.keys():
                raise _unreachable("has neither a column nhs_number nor a column patient_id")
            for row in rows:
                values = {name: plain(row.get(known.get(name, ""), "") or "") for name in COLUMNS}
                entry = PatientIds(values["patient_id"], values["issuer"], values["nhs_number"])
                for key in (("nhs", entry.nhs_number), ("id", entry.patient_id)):
                    if key[1]:
                        index[key] = (*index.get(key, ()), entry)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise _unreachable("cannot be read") from None
    return index
