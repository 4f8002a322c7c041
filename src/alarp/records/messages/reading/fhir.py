"""What does a FHIR R4 resource say? ImagingStudy, DiagnosticReport, ServiceRequest, Consent; alone or in a Bundle. Pure.

Validated by `fhir.resources` in its R4B namespace: the package's own default is R5, and for these resources and
Patient R4B (4.3) has the elements of R4 (4.0.1). Loaded only when a resource comes: it takes a third of a second.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from importlib import import_module
from typing import Any

from alarp.identity import is_nhs_number
from alarp.kernel import BadInput, digest
from alarp.records.messages.reading.issuers import Issuers
from alarp.records.messages.reading.said import Letter, Ordered, Reported, Unusable, Whom, Wish, check_length
from alarp.records.messages.reading.segments import LONDON

NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"  # UK Core, identifier of a Patient
UID_SYSTEM = "urn:dicom:uid"  # ImagingStudy.identifier, R4 6.4
ACCESSION, PLACER = "ACSN", "PLAC"  # HL7 table 0203
REPORT_STATUS = {
    "partial": "P", "preliminary": "P", "final": "F", "amended": "C", "corrected": "C", "appended": "C"
}  # fmt: skip
STUDY_STATES = {"registered": "open", "available": "completed", "cancelled": "cancelled"}
REQUEST_STATES = {"active": "open", "completed": "completed", "revoked": "cancelled"}
ENDED = frozenset({"inactive", "rejected", "entered-in-error"})
LARGEST_BUNDLE = 10_000
FOLLOWED = frozenset({"Patient", "ImagingStudy", "ServiceRequest"})
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # R4 2.24.0.1
NOBODYS = Issuers()

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One resource of a file: where it stands in it, its own bytes, and what reads it."""

    place: str
    data: bytes
    envelope: Letter
    read: Callable[[], Letter]
    asked: str = ""
    """In a batch: method and address of its request, such as `POST ImagingStudy`."""


@dataclass(frozen=True, slots=True)
class Around:
    """The other resources of the same Bundle, by the references that lead to them; and who issued which numbers."""

    known: Mapping[str, Resource]
    issuers: Issuers = NOBODYS

    def follow(self, reference: Resource | None, inside: Resource) -> Resource:
        """What a reference leads to: in the Bundle, contained, or nothing. Raises Unusable when it is not valid."""
        target = str((reference or {}).get("reference", ""))
        if target.startswith("#"):
            held = inside.get("contained") or ()
            return next((one for one in held if one.get("id") == target[1:]), {})
        found = self.known.get(target, {})
        if found.get("resourceType") not in FOLLOWED:
            return {}
        _check(found["resourceType"], json.dumps(found).encode())
        return found


def resources(
    data: bytes,
    *,
    sender: str = "FHIR",
    category: str = "",
    batch: bool = False,
    issuers: Issuers = NOBODYS,
) -> Iterator[Incoming]:
    """Every resource in these bytes, Patients too, each for itself. Raises BadInput when they are no FHIR JSON.

    `batch`: they have to be a Bundle that asks for nothing else than that (type batch).
    """
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        raise BadInput("This is not JSON; give one FHIR R4 resource or Bundle.") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("resourceType"), str):
        raise BadInput("This is no FHIR resource: resourceType is missing.")
    if batch and (whole["resourceType"], whole.get("type")) != ("Bundle", "batch"):
        raise BadInput("Send one resource to the address of its kind, or a Bundle of type batch.")
    entries = [(f"{whole['resourceType']} 1", whole, "")]
    known: dict[str, Resource] = {}
    if whole["resourceType"] == "Bundle":
        entries, known = _unbundled(whole)
    around = Around(known, issuers)
    for place, resource, asked in entries:
        yield replace(_incoming(place, resource, around, sender, category), asked=asked)


def _unbundled(bundle: Resource) -> tuple[list[tuple[str, Resource, str]], dict[str, Resource]]:
    given = bundle.get("entry") or []
    if not isinstance(given, list) or len(given) > LARGEST_BUNDLE:
        raise BadInput(f"The Bundle's entry must be a list of at most {LARGEST_BUNDLE} resources.")
    entries: list[tuple[str, Resource, str]] = []
    known: dict[str, Resource] = {}
    for number, entry in enumerate(given, start=1):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise BadInput(f"Entry {number} of the Bundle holds no resource.")
        wanted = entry.get("request")
        asked = f"{wanted.get('method')} {wanted.get('url')}" if isinstance(wanted, dict) else ""
        entries.append((f"{resource['resourceType']} {number}", resource, asked))
        for name in (entry.get("fullUrl"), f"{resource['resourceType']}/{resource.get('id')}"):
            if isinstance(name, str):
                known[name] = resource
    return entries, known


def _incoming(place: str, resource: Resource, around: Around, sender: str, category: str) -> Incoming:
    data = json.dumps(resource, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    kind = str(resource["resourceType"])[:60]
    meta = resource.get("meta") if isinstance(resource.get("meta"), dict) else {}
    number, once = _number(kind, resource, meta)
    envelope = Letter("fhir", sender[:200], number, kind, _moment(meta.get("lastUpdated")), once=once)
    return Incoming(place, data, envelope, lambda: _read(resource, data, around, envelope, category))


def _number(kind: str, resource: Resource, meta: Mapping[str, Any]) -> tuple[str, bool]:
    """Type, id and version; without an id, the digest of its identifiers, which might name a patient."""
    found, edition = (str(part or "") for part in (resource.get("id"), meta.get("versionId")))
    if ID.fullmatch(found):
        versioned = bool(ID.fullmatch(edition))
        return (f"{kind}/{found}/{edition}" if versioned else f"{kind}/{found}"), versioned
    return f"{kind} {digest(resource['identifier'])[:16]}" if resource.get("identifier") else kind, False


def _read(resource: Resource, data: bytes, around: Around, envelope: Letter, category: str) -> Letter:
    reader = READERS.get(envelope.kind)
    if reader is None:
        return envelope
    _check(envelope.kind, data)
    if envelope.kind != "Consent":
        _check_inside(resource, around)
    said = reader(resource, around, category)
    return replace(envelope, **said)


def _check(kind: str, data: bytes) -> None:
    """Is it a valid resource of its kind? The first fault in one sentence, without what was found there."""
    from pydantic import ValidationError

    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    try:
        model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "resource"
        what = "is missing" if first["type"] == "missing" else "is not valid in FHIR R4"
        raise Unusable(f"{kind}.{where} {what}; correct the resource and send it again.") from None


def _check_inside(resource: Resource, around: Around) -> None:
    if not _whom(resource.get("subject"), resource, around):
        raise Unusable("The subject is not named by an identifier (NHS number or hospital number).")


def _whom(reference: Resource | None, inside: Resource, around: Around) -> Whom:
    """The patient's numbers: of the Patient that is referred to, else the reference's own identifier."""
    patient = around.follow(reference, inside)
    identifiers = list(patient.get("identifier") or ())
    if reference and reference.get("identifier"):
        identifiers.append(reference["identifier"])
    hospital: list[tuple[str, str]] = []
    nhs_number = ""
    for one in identifiers:
        value = re.sub(r"\s", "", str(one.get("value", "")))
        if one.get("use") == "old" or not value:
            continue
        if one.get("system") == NHS_SYSTEM:
            check_length(value)
            if is_nhs_number(value) and len(set(value)) > 1:
                nhs_number = nhs_number or value.replace("-", "")
            continue
        kinds = _codes(one.get("type"))
        pair = (value, around.issuers.of(one))
        check_length(*pair)
        if (not kinds or kinds & {"MR", "PI"}) and pair not in hospital:
            hospital.append(pair)
    return Whom(tuple(hospital), nhs_number)


def _codes(concept: Resource | None) -> set[str]:
    return {str(coding.get("code", "")) for coding in (concept or {}).get("coding") or ()}


def _identifier(resource: Resource, kind: str) -> str:
    """The identifier of this type (HL7 table 0203)."""
    for one in resource.get("identifier") or ():
        if kind in _codes(one.get("type")):
            return str(one.get("value", ""))
    return ""


def _study_uid(resource: Resource) -> str:
    for one in resource.get("identifier") or ():
        if one.get("system") == UID_SYSTEM:
            return str(one.get("value", "")).removeprefix("urn:oid:")
    return ""


def _moment(text: Any) -> datetime | None:
    """A FHIR date, dateTime or instant; a day begins at its midnight here."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.combine(date.fromisoformat(f"{text}-01-01"[:10]), time())
        except ValueError:
            return None
    if not 1900 <= found.year <= 2200:
        return None
    return found if found.tzinfo else found.replace(tzinfo=LONDON)


def _study(resource: Resource, around: Around, category: str) -> dict[str, Any]:
    uid = _study_uid(resource)
    if not uid:
        raise Unusable(f"ImagingStudy.identifier names no study ({UID_SYSTEM}).")
    modalities = [str(coding.get("code", "")) for coding in resource.get("modality") or ()]
    code, words = _named((resource.get("procedureCode") or [{}])[0])
    order = Ordered(
        whom=_whom(resource.get("subject"), resource, around),
        accession=_identifier(resource, ACCESSION),
        state=STUDY_STATES.get(str(resource.get("status")), "changed"),
        study_uid=uid,
        procedure_code=code,
        procedure=words or str(resource.get("description", "")),
        modality="\\".join(modalities)[:16],
        requested_at=_moment(resource.get("started")),
        expected_instances=resource.get("numberOfInstances"),
    )
    return {"orders": (order,)}


def _named(concept: Resource | None) -> tuple[str, str]:
    coding = ((concept or {}).get("coding") or [{}])[0]
    words = (concept or {}).get("text") or coding.get("display") or ""
    return str(coding.get("code", "")), str(words)


def _request(resource: Resource, around: Around, category: str) -> dict[str, Any]:
    accession, placer = _identifier(resource, ACCESSION), _identifier(resource, PLACER)
    if not accession and not placer:
        raise Unusable(
            "ServiceRequest.identifier has neither an accession (ACSN) nor a placer number (PLAC)."
        )
    code, words = _named(resource.get("code"))
    order = Ordered(
        whom=_whom(resource.get("subject"), resource, around),
        accession=accession,
        state=REQUEST_STATES.get(str(resource.get("status")), "changed"),
        placer=placer,
        procedure_code=code,
        procedure=words,
        requested_at=_moment(resource.get("authoredOn")),
    )
    return {"orders": (order,)}


def _report(resource: Resource, around: Around, category: str) -> dict[str, Any]:
    stated = str(resource.get("status"))
    if stated == "registered":
        return {}
    status = REPORT_STATUS.get(stated)
    if status is None:
        raise Unusable(f"A report that is {stated} cannot be used; look at the report that it replaces.")
    studies = [around.follow(one, resource) or one for one in resource.get("imagingStudy") or ()]
    identified = [
        {"identifier": [one["identifier"]]} if isinstance(one.get("identifier"), dict) else one
        for one in studies
    ]
    study_uid = next(filter(None, map(_study_uid, identified)), "")
    accession = next(
        filter(None, (_identifier(one, ACCESSION) for one in (resource, *_based_on(resource), *identified))),
        "",
    )
    if not study_uid and not accession:
        raise Unusable(
            "DiagnosticReport names neither an accession (identifier ACSN) nor a study (imagingStudy)."
        )
    text = _text(resource)
    if not text.strip():
        raise Unusable("DiagnosticReport holds no text (presentedForm text/plain, or conclusion).")
    report = Reported(
        whom=_whom(resource.get("subject"), resource, around),
        status=status,
        text=text,
        accession=accession,
        study_uid=study_uid,
        procedure_code=_named(resource.get("code"))[0],
        reader=_reader(resource),
        reported_at=_moment(resource.get("issued")),
    )
    return {"reports": (report,)}


def _based_on(resource: Resource) -> list[Resource]:
    named = [one.get("identifier") for one in resource.get("basedOn") or ()]
    return [{"identifier": [one]} for one in named if one]


def _text(resource: Resource) -> str:
    parts = [str(resource.get("conclusion") or "")]
    for form in resource.get("presentedForm") or ():
        if str(form.get("contentType", "")).split(";")[0] == "text/plain" and form.get("data"):
            try:
                parts.append(base64.b64decode(form["data"], validate=True).decode("utf-8"))
            except (binascii.Error, UnicodeDecodeError):
                raise Unusable("DiagnosticReport.presentedForm is not UTF-8 text.") from None
    return "\n".join(part for part in parts if part)


def _reader(resource: Resource) -> str:
    for one in (*(resource.get("resultsInterpreter") or ()), *(resource.get("performer") or ())):
        named = [str((one.get("identifier") or {}).get("value", "")), str(one.get("display", ""))]
        if any(named):
            return " ".join(filter(None, named))[:100]
    return ""


def _consent(resource: Resource, around: Around, category: str) -> dict[str, Any]:
    """deny and active: no AI; permit and active, or ended: no longer. Anything finer is for a person."""
    wanted_system, _, wanted = category.rpartition("|")
    codings = [coding for one in resource.get("category") or () for coding in one.get("coding") or ()]
    if not any(
        c.get("code") == wanted and (not wanted_system or c.get("system") == wanted_system) for c in codings
    ):
        return {}
    status, provision = str(resource.get("status")), resource.get("provision") or {}
    if status not in ENDED | {"active"}:
        raise Unusable(f"A Consent that is {status} does not say yet what holds; send it when it is active.")
    if provision.get("provision"):
        raise Unusable(
            "Consent.provision has exceptions of its own, which an opt-out cannot hold; record it by hand."
        )
    if status == "active" and provision.get("type") not in ("deny", "permit"):
        raise Unusable("Consent.provision.type is neither deny nor permit.")
    whom = _whom(resource.get("patient"), resource, around)
    if not whom:
        raise Unusable("Consent.patient is not named by an identifier (NHS number or hospital number).")
    tools = sorted({code for concept in provision.get("code") or () for code in _codes(concept)})
    begins = _moment((provision.get("period") or {}).get("start")) or _moment(resource.get("dateTime"))
    if (provision.get("period") or {}).get("end"):
        raise Unusable(
            "Consent.provision.period has an end, which an opt-out cannot hold; withdraw it when it comes."
        )
    says_no = status == "active" and provision["type"] == "deny"
    return {"wishes": (Wish(whom, says_no, tuple(tools), begins),)}


READERS: Mapping[str, Callable[[Resource, Around, str], dict[str, Any]]] = {
    "ImagingStudy": _study,
    "ServiceRequest": _request,
    "DiagnosticReport": _report,
    "Consent": _consent,
}


def outcome(reason: str = "", code: str = "invalid", *, told: str = "Taken in.") -> dict[str, Any]:
    """An OperationOutcome (R4 2.28): one sentence of what is wrong (`code`: issue-type), or that all is well."""
    issue = (
        {"severity": "error", "code": code, "diagnostics": reason}
        if reason
        else {"severity": "information", "code": "informational", "diagnostics": told}
    )
    return {"resourceType": "OperationOutcome", "issue": [issue]}
