"""Which synthetic picture fits what this tool is meant for? A chest film or a few slices of CT, of nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
from pydicom import Dataset

from alarp.kernel import BadInput
from alarp.phantom import SCANNERS, Nodule, Patient, abdomen_ct, chest_film, seeded_uids
from alarp.records.ledger.eligibility import plain

FILMS, NODULE = ("CR", "DX"), Nodule((-60.0, 0.0, 20.0), 24.0)


def picture(
    stated: Mapping[str, Any], narrowed: Mapping[str, Any], *, study_uid: str, number: int, when: datetime
) -> Dataset:
    """One image that these rules let through, under this Study Instance UID; the same call gives the same bytes.

    Raises BadInput for a tool whose modality is not simulated here.
    """
    modality = _first(stated, narrowed, "modalities", "CR")
    scanner = SCANNERS[number % len(SCANNERS)]
    patient = _nobody(number, _first(stated, narrowed, "sexes", "F"))
    rng, accession = np.random.default_rng(number), f"PROBE{number}"

    seeded = seeded_uids(f"probe|{study_uid}")

    def uid(purpose: str) -> str:
        return study_uid if purpose == "study" else seeded(purpose)

    if modality in FILMS:
        dataset = chest_film(
            patient=patient,
            scanner=scanner,
            nodules=(NODULE,),
            when=when,
            rng=rng,
            accession=accession,
            uid=uid,
        ).datasets[0]
    elif modality == "CT":
        dataset = abdomen_ct(
            patient=patient, scanner=scanner, when=when, rng=rng, accession=accession, uid=uid, slices=1
        ).datasets[0]
    else:
        raise BadInput(
            f"The tool takes {modality}; synthetic studies are made of CR, DX and CT. Test this route by hand."
        )
    dataset.StudyDescription, dataset.SeriesDescription = "Synthetic study of no patient", "Synthetic"
    for rule, keyword in (("body_parts", "BodyPartExamined"), ("views", "ViewPosition")):
        wanted = _first(stated, narrowed, rule, "")
        if wanted:
            setattr(dataset, keyword, wanted)
    maker = _first(stated, narrowed, "manufacturers", "")
    if maker:
        dataset.Manufacturer = maker
    return dataset


def _first(stated: Mapping[str, Any], narrowed: Mapping[str, Any], key: str, otherwise: str) -> str:
    """The first word that both rules allow; a rule that says nothing allows everything."""
    lists = [[plain(word) for word in rules[key]] for rules in (narrowed, stated) if rules.get(key)]
    both = [word for word in lists[0] if all(word in other for other in lists)] if lists else []
    return both[0] if both else otherwise


def _nobody(number: int, sex: str) -> Patient:
    return Patient(
        patient_id=f"ALARP-PROBE-{number}",
        name="SYNTHETIC^NOBODY",
        birth_date=date(1975, 6, 1),
        sex=sex,
        nhs_number="",
        issuer="ALARP",
    )
