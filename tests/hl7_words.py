"""HL7 messages for the tests, as a radiology information system and a patient administration system write them."""

from __future__ import annotations

from typing import Any

NHS, OTHER_NHS = "9434765919", "9434765870"  # both with a right check digit


def msh(kind: str, number: str, *, sender: str = "RIS|NORTH", charset: str = "", **more: str) -> str:
    processing, version = more.get("processing", "P"), more.get("version", "2.5.1")
    at = more.get("at", "20261122101500")
    return f"MSH|^~\\&|{sender}|ALARP|NORTH|{at}||{kind}|{number}|{processing}|{version}||||||{charset}"


def pid(number: str = "H2", issuer: str = "NORTH", nhs: str = "") -> str:
    same = f"~{nhs}^^^NHS^NH" if nhs else ""
    return f"PID|1||{number}^^^{issuer}^MR{same}||EXAMPLE^ANNE||19500101|F"


def message(*segments: str, encoding: str = "utf-8") -> bytes:
    return "".join(f"{segment}\r" for segment in segments).encode(encoding)


def merge(number: str, kept: str, gone: str, *, event: str = "A40", **more: Any) -> bytes:
    return message(msh(f"ADT^{event}", number, **more), "EVN|" + event, pid(kept), f"MRG|{gone}^^^NORTH^MR")


def changed(number: str, patient: str, nhs: str = "", **more: Any) -> bytes:
    return message(msh("ADT^A08", number, **more), "EVN|A08", pid(patient, nhs=nhs))


def fields(name: str, **at: str) -> str:
    """A segment from its fields by number: fields("OBR", f4="XCHES^Chest")."""
    places = {int(place[1:]): value for place, value in at.items()}
    return "|".join([name, *(places.get(n, "") for n in range(1, max(places) + 1))])


def order(
    number: str, accession: str = "A1", *, control: str = "NW", patient: str = "H2", **more: Any
) -> bytes:
    return message(
        msh("ORM^O01", number, **more),
        pid(patient),
        fields("ORC", f1=control, f2="P77^EPR", f9="20261122093000"),
        fields("OBR", f1="1", f2="P77^EPR", f4="XCHES^Chest X-ray^LOCAL", f18=accession, f24="CR"),
        "ZDS|1.2.3^RIS^Application^DICOM",
    )


def report(
    number: str,
    text: str = "No lesion.",
    *,
    accession: str = "A1",
    status: str = "F",
    patient: str = "H2",
    **more: Any,
) -> bytes:
    done = {"f22": "20261122101000", "f24": "CR", "f25": status, "f32": "77&Reader&Ann"}
    return message(
        msh("ORU^R01", number, **more),
        pid(patient),
        fields("OBR", f1="1", f2="P77", f4="XCHES^Chest X-ray", f18=accession, **done),
        fields("OBX", f1="1", f2="TX", f3="R^Report", f5=text, f11=status),
    )
