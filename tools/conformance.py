"""What does the gateway speak, exactly? The conformance statement, from the code (PS3.2 annex A).

Everything that can differ from one version to the next is read from the module that does it; only the sentences that
say what a table is about stand here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from alarp.gateway import committing, listener, offers, securing, sockets
from alarp.gateway.adapters import findings, posting
from alarp.gateway.dicomweb import multipart, retrieving, storing
from alarp.gateway.dicomweb.asking import PREFIX
from alarp.gateway.fhir import capability, service
from alarp.gateway.pulling import asking, fetching, matching
from alarp.gateway.steps import committing as committing_step
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.records.configuration import Configuration
from alarp.records.ledger.models import Peer
from alarp.records.messages.reading import fhir, hl7v2, segments

DEFAULTS = {one.name: one for one in fields(Configuration)}
SETTINGS = (
    "gateway_host", "gateway_port", "gateway_aet", "gateway_tls_port", "gateway_certificate", "gateway_private_key",
    "gateway_authorities", "gateway_unknown_classes", "peer_timeout_s", "least_free_mb", "pull_most_answers",
    "pull_at_once", "dicomweb_host", "dicomweb_port", "dicomweb_most_mb", "hl7_host", "hl7_port", "hl7_secured", "hl7_most_kb", "hl7_ris_secured",
    "fhir_host", "fhir_port", "fhir_most_kb",
)  # fmt: skip
STATUSES = (
    (asking.SUCCESS, "everything was answered or handed over"),
    (asking.PENDING, "an answer, or one sub-operation more"),
    (asking.CANCELLED, "ended by C-CANCEL"),
    (asking.SOME_FAILED, "some sub-operations failed, or the rest was withheld in the middle"),
    (asking.NOT_AUTHORISED, "the caller may not pull; or, for a tool, there is nothing that it may have"),
    (asking.OUT_OF_RESOURCES, "more answers than are given, or an opt-out list that cannot be asked"),
    (asking.CANNOT_CALCULATE, "matches cannot be found now, or too many requests of this peer are open"),
    (asking.CANNOT_PERFORM, "no sub-operation succeeded"),
    (asking.DESTINATION_UNKNOWN, "no such destination, or not one for this caller"),
    (asking.DOES_NOT_FIT, "the hierarchy of unique keys is not kept, or a UID is none"),
)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows), ""]


def named(uids: Iterable[str]) -> list[tuple[str, str]]:
    return [(UID(uid).name, f"`{uid}`") for uid in uids]


def overview() -> list[str]:
    return [
        "# Conformance statement",
        "",
        "<!-- written by tools/docs_conformance.py: `make docs` -->",
        "",
        "What Alarp's gateway speaks, after DICOM PS3.2. It works with plain DICOM and HL7 v2; DICOMweb, FHIR and TLS",
        "are there for who has them and off until they are set. Claims beyond this page are not made.",
        "",
        "## Roles",
        "",
        *table(
            ("service", "as provider (SCP, origin server)", "as user (SCU, user agent)"),
            (
                ("Verification", "yes", "yes"),
                ("Storage", "yes", "yes"),
                (
                    "Query/Retrieve, Study Root and Patient Root",
                    "C-FIND, C-MOVE, C-GET",
                    "C-FIND (Study Root)",
                ),
                ("STOW-RS", "yes", "yes"),
                ("QIDO-RS", "yes", "to ask whether an object is there"),
                ("WADO-RS", "studies, series, instances, metadata, frames", "no"),
            ),
        ),
        "Not claimed: worklists, printing, media, instance availability notification, rendered images, UPS-RS.",
        "",
    ]


def associations() -> list[str]:
    return [
        "## Associations",
        "",
        *table(
            ("property", "value"),
            (
                ("application entity title", "setting `gateway_aet`; the called title has to be it"),
                ("implementation class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
                ("implementation version name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
                ("largest protocol data unit taken", f"{listener.PDU_BYTES:,} bytes"),
                ("associations at a time", f"{listener.MOST_ASSOCIATIONS} in each receiving process"),
                ("asynchronous operations", "none"),
                ("a silent association ends after", "4 × `peer_timeout_s`"),
                (
                    "waiting for a peer that is called",
                    "`peer_timeout_s` to connect, to associate and to answer",
                ),
                ("a TLS handshake may take", f"{sockets.HANDSHAKE_S:g} s"),
            ),
        ),
        "A caller is let in when its title is that of a peer that is switched on, its address is among the peer's",
        "addresses and networks (none entered: any), and the connection is secured as the peer's entry says. Anybody",
        "else is rejected (calling title not recognised), written to the audit trail and raised as an alert.",
        "",
    ]


def storage() -> list[str]:
    contexts = [(c.abstract_syntax.name, f"`{c.abstract_syntax}`") for c in AllStoragePresentationContexts]
    return [
        "## Storage",
        "",
        "As provider: Success is said when an object is durable, with all that its row in the ledger needs. It is",
        "kept as the bytes that came, under a file meta of the gateway's own; nothing is coerced and no pixel is",
        "decoded. In every presentation context the first transfer syntax that the caller proposes is accepted. With",
        "`gateway_unknown_classes` = `keep` that holds for private and unknown SOP classes as well; with `refuse`",
        "the classes below are accepted, in the transfer syntaxes of the standard, and no others.",
        "",
        *table(
            ("status", "meaning"),
            (
                ("0000", "kept; also when it is held in quarantine"),
                (f"{listener.OUT_OF_RESOURCES:04X}", "not kept: no room, or the ledger cannot be reached"),
            ),
        ),
        "As user: objects leave in the transfer syntax in which they lie here, one presentation context for each pair",
        "of class and syntax; a compressed picture in which text was blanked leaves in Explicit VR Little Endian. To a tool go, without",
        "identifiers, all objects that the rules of its intended use take, of whatever class. The connection self-test",
        "asks whether it takes these, by the modalities that the rules name:",
        "",
        *table(
            ("modality", "SOP classes"),
            ((word, ", ".join(UID(uid).name for uid in uids)) for word, uids in offers.IMAGES.items()),
        ),
        "To a PACS go the results that belong to a study that was sent, of whatever class the tool makes them (reports,",
        "structure sets, segmentations, presentation states, secondary captures, encapsulated documents, key objects).",
        "The self-test asks whether it takes these:",
        "",
        *table(
            ("kind", "SOP classes"),
            (
                (kind, ", ".join(UID(uid).name for uid in uids))
                for kind, uids in (
                    ("structured reports", offers.REPORTS),
                    ("structure sets", offers.STRUCTURES),
                    ("segmentations", offers.SEGMENTATION),
                )
            ),
        ),
        "### Storage commitment",
        "",
        "As user of the push model towards a PACS: after filing, one N-ACTION for each result; the answer is taken as an",
        "N-EVENT-REPORT on an association that the PACS opens, in either role, from peers of the kind `pacs` alone. A",
        "PACS that does not accept the class is asked by C-FIND (image level) whether it holds the result. What it lost",
        "is filed again.",
        "",
        *table(
            ("name", "UID", "given up after"),
            (
                (UID(uid).name, f"`{uid}`", f"{committing_step.GIVEN_UP_AFTER.total_seconds() / 3600:g} h")
                for uid in committing.SOP_CLASSES
            ),
        ),
        "### How many objects a study has",
        "",
        "When nothing has come for `quiet_s`, a sender with an address is asked for Number of Study Related Instances",
        "(0020,1208) by C-FIND (study root, study level), unless `ask_source` is off.",
        "",
        "### Storage SOP classes",
        "",
        *table(("name", "UID"), contexts),
    ]


def pulling() -> list[str]:
    every = (*asking.FIND, *asking.MOVE, *asking.GET)
    return [
        "## Query and retrieve",
        "",
        "For peers that may pull. A clinical system sees its site's studies as they arrived. An AI tool sees what was",
        "prepared for it, under its pseudonyms, while its route is open and the patient has not opted out; all else",
        "is absent, and asking for it by its UID is refused and written down. Route and register are asked again",
        "before each image. A tool moves images to entries of its own deployment only, a clinical system to clinical",
        "systems only. Sub-operations carry the stored (or de-identified) bytes; nothing is transcoded.",
        "",
        *table(("SOP class", "UID"), named(every)),
        f"As user: {Verification.name}, {UID(StudyRootQueryRetrieveInformationModelFind).name}.",
        "",
        "Keys that are matched and answered (the unique key of each level first). Matching: single value, list of",
        "UIDs, universal, wildcard, range; names without regard to case. Every level above is named by one unique",
        "key; relational queries are not supported. Other keys are neither matched nor answered.",
        "",
        *table(("level", "keys"), ((level, ", ".join(matching.KEYS[level])) for level in matching.LEVELS)),
        *table(("status", "meaning"), ((f"{code:04X}", meaning) for code, meaning in STATUSES)),
        f"At most {fetching.MOST_IMAGES:,} objects are handed over in one request.",
        "",
    ]


def security() -> list[str]:
    ways = ", ".join(
        f"`{value or 'empty'}` ({label})" for value, label in Peer._meta.get_field("secured").choices
    )
    return [
        "## Security",
        "",
        "BCP 195 TLS Secure Transport Connection Profile (PS3.15 B.12; RFC 9325), as provider and as user: TLS 1.2 and",
        f"1.3; under 1.2 the cipher suites `{securing.CIPHERS}`. A peer's entry says how it is secured: {ways}.",
        "A certificate has to come from an authority in `gateway_authorities` and to name the peer's host, address or",
        "application entity title. For HTTP a peer shows a token or, with mutual TLS, its certificate.",
        "",
        "De-identification: Basic Application Level Confidentiality Profile (PS3.15 annex E), as each dispatch records.",
        "",
    ]


def web() -> list[str]:
    rows = (
        (f"POST {PREFIX}/studies, {PREFIX}/studies/{{study}}", "STOW-RS", "multipart/related of application/dicom"),
        (f"GET {PREFIX}/studies, …/series, …/instances", "QIDO-RS", "application/dicom+json"),
        (f"GET {PREFIX}/studies/{{study}}[/series/{{series}}[/instances/{{instance}}]]", "WADO-RS",
         "multipart/related of application/dicom; one instance also as application/dicom"),
        ("GET …/metadata", "WADO-RS", "application/dicom+json, without bulk data"),
        ("GET …/instances/{instance}/frames/{numbers}", "WADO-RS", "multipart/related, as stored"),
        (f"POST {posting.PATH}", "a finding of an AI tool without DICOM", "application/json of at most "
         f"{findings.MOST_BYTES // 2**20} MB; it becomes a Comprehensive SR (TID 1500)"),
    )  # fmt: skip
    reasons = (
        (f"{storing.OUT_OF_RESOURCES:04X}", "no room, or the ledger cannot be reached"),
        (f"{storing.DOES_NOT_FIT:04X}", "it does not belong to the study that the path names"),
        (f"{storing.CANNOT_UNDERSTAND:04X}", "no DICOM file with its file meta"),
    )
    return [
        "## DICOMweb",
        "",
        *table(("resource", "service", "media type"), rows),
        "QIDO-RS takes keywords and tags, `includefield`, `limit` and `offset`; names are not matched fuzzily. A page",
        "holds at most `pull_most_answers` answers; a `Warning` says that there are more. Nothing is transcoded: ask",
        "with `transfer-syntax=*`, else what lies here in another syntax is not acceptable (406).",
        "",
        *table(
            ("transfer syntax", "media type of its frames"),
            ((UID(uid).name, kind) for uid, kind in retrieving.FRAME_TYPES.items()),
        ),
        *table(("failure reason of STOW-RS", "meaning"), reasons),
        f"A request holds at most {storing.MOST_PARTS:,} objects and `dicomweb_most_mb`; the head of a part at most",
        f"{multipart.MOST_HEAD_BYTES:,} bytes.",
        "",
    ]


def messages() -> list[str]:
    rows = (
        ("in", "ADT", f"changes of a patient ({_list(hl7v2.CHANGES)}), merges ({_list(hl7v2.MERGES)}), "
                      f"merges undone ({_list(hl7v2.UNMERGES)})"),
        ("in", "ORM^O01, OMI^O23", "orders"),
        ("in", "ORU^R01", "reports"),
        ("out", "ORU^R01", "a tool's finding, preliminary"),
    )  # fmt: skip
    return [
        "## HL7 v2 and FHIR",
        "",
        "HL7 v2 over MLLP, plain, over TLS or mutual TLS; a message is acknowledged when it is durable.",
        "",
        *table(("direction", "message", "about"), rows),
        f"Character sets of HL7 v2: {', '.join(segments.CHARACTER_SETS)}.",
        f"FHIR R4 ({capability.VERSION}) resources that are read: {', '.join(fhir.READERS)}; from a file, or posted",
        f"to `{service.PREFIX}/{{kind}}` (create) or in a Bundle of type batch to `{service.PREFIX}`, as {capability.JSON}.",
        f"`GET {service.PREFIX}/metadata` is the CapabilityStatement. 201: durable; 200: known already, or of no use",
        "here; 422: kept, and waits for a person; 5xx: not kept, send it again. Nothing can be read back.",
        "",
    ]


def _list(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes))


def configuration() -> list[str]:
    rows = []
    for name in SETTINGS:
        one = DEFAULTS[name]
        rows.append(
            (f"`{name}`", "empty" if one.default == "" else f"`{one.default}`", one.metadata["about"])
        )
    return ["## Configuration", "", *table(("setting", "default", "what it is for"), rows)]


def render() -> str:
    parts = (overview, associations, storage, pulling, security, web, messages, configuration)
    return "\n".join(line for part in parts for line in part()).rstrip() + "\n"
