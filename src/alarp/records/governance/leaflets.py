"""Which leaflet prints this version of the patients' text?"""

from __future__ import annotations

from django.utils.timezone import localdate

from alarp.pathway.route import day_in_words
from alarp.records.governance.models import PatientInformation
from alarp.records.people.queries import trust_of


def leaflet_html(information: PatientInformation, form: str) -> str:
    """The leaflet, full or easy-read, as one page of HTML."""
    from alarp.report.leaflet import Leaflet, to_leaflet_html

    deployment, easy = information.deployment, form == "easy"
    return to_leaflet_html(
        Leaflet(
            title=f"{deployment.version.product.name}: a computer tool that we use",
            lead=f"{deployment.site}, {trust_of(deployment.site)}",
            parts=tuple((heading, tuple(lines)) for heading, lines in information.text[form]),
            counts=information.text.get("counts") or None,
            easy=easy,
            footer=f"Version {information.number} of this text, {day_in_words(localdate(information.at))}. "
            f"About {information.version}.",
        )
    )


def leaflet(information: PatientInformation, form: str) -> bytes:
    """The leaflet as a PDF that a screen reader can read. Raises Unavailable where it cannot be made."""
    from alarp.report.pdf import to_pdf

    return to_pdf(leaflet_html(information, form))
