"""Which opt-outs does a file hold? A CSV list, HL7 v2 messages or FHIR Consents; every fault named by its place. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from alarp.identity import is_nhs_number
from alarp.kernel import BadInput
from alarp.records.configuration import configuration
from alarp.records.messages.reading import fhir, hl7v2, segments
from alarp.records.messages.reading.issuers import Issuers
from alarp.records.messages.reading.said import Whom, Wish

COLUMNS = ("nhs_number", "patient_id", "issuer", "from", "tools", "note")
MOST_NAMED = 20
LONDON = ZoneInfo("Europe/London")

Entries = list[tuple[str, Wish]]


def complain(faults: Iterable[tuple[str, str]]) -> None:
    """Raise BadInput that names every faulty place (the first twenty of them); nothing when there is none."""
    found = list(faults)
    if not found:
        return
    named = "; ".join(f"{place}: {fault}" for place, fault in found[:MOST_NAMED])
    more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    raise BadInput(f"Nothing was taken in. {named}{more}. Correct the file and give it again.")


def read(data: bytes, name: str) -> tuple[str, Entries]:
    """Where the file came from (csv, hl7 or fhir) and its wishes, each with its place in the file."""
    ending = name.rpartition(".")[2].lower()
    if ending == "json":
        return "fhir", _consents(data)
    if ending in ("hl7", "hl7v2"):
        return "hl7", _messages(data)
    if ending == "csv":
        return "csv", _rows(data)
    raise BadInput("The file's name must end in .csv, .hl7 or .json, which says how it is read.")


def _rows(data: bytes) -> Entries:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("The list is not UTF-8 text; save it as CSV UTF-8 and give it again.") from None
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        given = [(column or "").strip().casefold() for column in rows.fieldnames or ()]
        _check_columns(given)
        rows.fieldnames = given
        found = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise BadInput(f"The list is not CSV ({error}); save it again as CSV UTF-8.") from None
    entries: Entries = []
    faults: list[tuple[str, str]] = []
    for line, row in found:
        wish, fault = _row(row)
        place = f"line {line}"
        if fault:
            faults.append((place, fault))
        elif wish is not None:
            entries.append((place, wish))
    complain(faults)
    if not entries:
        raise BadInput("The list holds no patient; nothing was taken in.")
    return entries


def _check_columns(given: list[str]) -> None:
    unknown = [column for column in given if column not in COLUMNS]
    if unknown or not {"nhs_number", "patient_id"} & set(given) or len(set(given)) < len(given):
        odd = f"; {unknown[0]!r} is none of them" if unknown else ""
        raise BadInput(
            f"The first line must name the columns, each once, from {', '.join(COLUMNS)}, "
            f"with nhs_number or patient_id among them{odd}."
        )


def _row(row: dict[str, str | None]) -> tuple[Wish | None, str]:
    """The wish of one row, or what is wrong with it (never with the number itself: a fault is shown to others)."""
    if None in row or None in row.values():
        return None, "has more or fewer cells than the first line"
    cell = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not any(cell.values()):
        return None, ""
    number = re.sub(r"[\s-]", "", cell["nhs_number"])
    if number and not is_nhs_number(number):
        return None, "the NHS number is not one (ten digits with a check digit)"
    if not number and not cell["patient_id"]:
        return None, "names no patient"
    if len(cell["patient_id"]) > 64 or len(cell["issuer"]) > 64:
        return None, "the hospital number or its issuer is longer than 64 characters"
    begins, fault = _begins(cell["from"])
    if fault:
        return None, fault
    hospital = ((cell["patient_id"], cell["issuer"]),) if cell["patient_id"] else ()
    tools = tuple(word for word in re.split(r"[\s;,]+", cell["tools"]) if word)
    return Wish(Whom(hospital, number), True, tools, begins, cell["note"]), ""


def _begins(text: str) -> tuple[datetime | None, str]:
    if not text:
        return None, ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None, "from is not a day such as 2026-06-03"
    return (found if found.tzinfo else found.replace(tzinfo=LONDON)), ""


def _messages(data: bytes) -> Entries:
    """Every message of the file, framed or not, must carry a wish (setting `hl7_opt_out` says in which field)."""
    mapping = hl7v2.WishField.read(configuration().hl7_opt_out)
    if not mapping.field:
        raise BadInput(
            "Say in the setting hl7_opt_out which field carries the opt-out, then give the file again."
        )
    entries: Entries = []
    faults: list[tuple[str, str]] = []
    for number, message in enumerate(_apart(data), start=1):
        place = f"message {number}"
        header = segments.header_of(message)
        try:
            letter = hl7v2.read(message, header, mapping) if header else None
        except BadInput as trouble:
            faults.append((place, str(trouble).rstrip(".")))
            continue
        if letter is None or not letter.wishes:
            faults.append((place, f"carries no opt-out in {mapping.field}"))
        else:
            entries += [(place, wish) for wish in letter.wishes]
    complain(faults)
    if not entries:
        raise BadInput("The file holds no HL7 message; nothing was taken in.")
    return entries


def _apart(data: bytes) -> Iterator[bytes]:
    plain = re.sub(rb"[\x0b\x1c]", b"\r", data)
    for one in re.split(rb"(?:^|(?<=[\r\n]))(?=MSH[^\w\s])", plain):
        if one.strip():
            yield one.strip()


def _consents(data: bytes) -> Entries:
    """Every Consent of the file must be about AI (setting `fhir_opt_out_category`); Patients stand beside them."""
    entries: Entries = []
    faults: list[tuple[str, str]] = []
    settings = configuration()
    issuers = Issuers.read(settings.fhir_issuers)
    for one in fhir.resources(data, category=settings.fhir_opt_out_category, issuers=issuers):
        if one.envelope.kind == "Patient":
            continue
        try:
            wishes = one.read().wishes
        except BadInput as trouble:
            faults.append((one.place, str(trouble).rstrip(".")))
            continue
        if not wishes:
            faults.append((one.place, "is no Consent about AI (category)"))
        entries += [(one.place, wish) for wish in wishes]
    complain(faults)
    if not entries:
        raise BadInput("The file holds no Consent about AI; nothing was taken in.")
    return entries
