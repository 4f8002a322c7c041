"""Adds one day of the ledger to the small hospital in the data folder that ALARP_DATA names; prints what is where."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "alarp.web.settings"
    import django

    django.setup()

    from alarp.records.deployments.models import Deployment
    from alarp.records.people.models import Organisation, Person
    from pages.ledger_day import build

    day = build(
        detection=Deployment.objects.get(slug="nodule-riverside"),
        contouring=Deployment.objects.get(slug="liver-riverside"),
        site=Organisation.objects.get(slug="riverside"),
        radiographer=Person.objects.get(username="radiographer"),
    )
    assert day.quarantine is not None
    told = {
        name: {
            "number": s.pk,
            "nhs_number": s.nhs_number,
            "patient_id": s.patient_id,
            "accession": s.accession,
        }
        for name, s in day.studies.items()
    }
    print(json.dumps({"studies": told, "item": day.quarantine.pk}))


if __name__ == "__main__":
    main()
