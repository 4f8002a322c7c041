"""How does the RIS hear what a tool found? One ORU^R01 for each result that goes to the PACS.

Every byte comes from rows that do not change, so that a message that is sent again is the same message under the
same control id, and a RIS that keeps the rule of MSH-10 does nothing twice. The order's own report is not touched:
the finding has a service code and a filler number of its own, and it is preliminary (OBR-25, OBX-11: P), for no
person has verified it.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from alarp.gateway.messages.correspondents import Receiver
from alarp.kernel import digest
from alarp.records.ledger.models import Result, Study
from alarp.records.messages import queries
from alarp.records.messages.reading.segments import STANDARD

LONDON = ZoneInfo("Europe/London")
PRODUCER = "AI^Artificial intelligence, not verified by a person^L"
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def control_id(result: Result) -> str:
    """The number of the message about this result, the same at every attempt (MSH-10 has 20 characters)."""
    return f"AI{digest([result.dispatch.deployment.slug, result.pk, result.restored_sha256])[:18]}"


def finding(result: Result, receiver: Receiver) -> bytes:
    """The ORU^R01 about this result (HL7 v2.5.1 ch. 7.3.1)."""
    study, deployment = result.dispatch.study, result.dispatch.deployment
    at = _time(result.matched_at)
    header = _segment(
        "MSH",
        {
            2: "^~\\&",
            3: "ALARP",
            4: _text(deployment.site.slug),
            5: _text(receiver.application),
            6: _text(receiver.facility),
            7: at,
            9: "ORU^R01^ORU_R01",
            10: control_id(result),
            11: "P",
            12: "2.5.1",
            18: "UNICODE UTF-8",
        },
    )
    lines = [header, _patient(study), _request(result, study, at)]
    lines += [_observation(number, line, result, at) for number, line in enumerate(_lines(result), start=1)]
    return "".join(f"{line}\r" for line in lines).encode()


def _segment(name: str, fields: dict[int, str]) -> str:
    if name == "MSH":  # MSH-1 is the separator itself
        fields = {number - 1: value for number, value in fields.items()}
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def _text(value: str) -> str:
    return STANDARD.do(value)


def _time(moment: datetime) -> str:
    return moment.astimezone(LONDON).strftime("%Y%m%d%H%M%S%z")


def _patient(study: Study) -> str:
    """The patient as the study came: the RIS knows by its own merges who that is now."""
    numbers = [f"{_text(study.patient_id)}^^^{_text(study.issuer)}^MR"] if study.patient_id else []
    numbers += [f"{study.nhs_number}^^^NHS^NH"] if study.nhs_number else []
    name = "^".join(_text(part) for part in study.patient_name.split("=")[0].split("^")[:5])
    sex = study.sex if study.sex in ("F", "M", "O") else "U"
    return _segment("PID", {1: "1", 3: "~".join(numbers), 5: name, 7: _text(study.birth_date), 8: sex})


def _request(result: Result, study: Study, at: str) -> str:
    version = result.dispatch.deployment.version
    order = queries.order_of(study)
    service = f"{_text(version.product.slug)}^{_text(f'AI finding: {version.product.name}')}^L"
    return _segment(
        "OBR",
        {
            1: "1",
            2: _text(order.placer) if order else "",
            3: f"ALARP-{result.pk}^ALARP",
            4: service,
            7: at,
            18: _text(study.accession),
            19: _text(study.study_uid),
            20: _text(f"{version}"),
            22: at,
            24: _text(study.modality.split("\\")[0]),
            25: "P",
        },
    )


def _lines(result: Result) -> list[tuple[str, str, str]]:
    """Name, value and unit of each finding; an object without lines is told of as what it is."""
    told = [(line["name"], line["value"], line["unit"]) for line in result.summary.get("lines") or ()]
    return told or [("AI result", f"A {result.modality} object goes to the PACS.", "")]


def _observation(number: int, line: tuple[str, str, str], result: Result, at: str) -> str:
    name, value, unit = line
    deployment = result.dispatch.deployment
    version = deployment.version
    code = re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")[:20]
    return _segment(
        "OBX",
        {
            1: str(number),
            2: "NM" if NUMBER.fullmatch(value) else "ST",
            3: f"{code}^{_text(name)}^L",
            5: _text(value),
            6: _text(unit),
            11: "P",
            14: at,
            15: PRODUCER,
            17: f"{_text(version.product.slug)}^{_text(str(version))}^L",
            18: _text(deployment.slug),
        },
    )
