"""QIDO-RS: what is there? Answered as DICOM JSON, a page at a time (PS3.18 section 10.6)."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pydicom.dataset import Dataset

from alarp.gateway.dicomweb.asking import Place, Refused, Request, keyword_of, level_of
from alarp.gateway.pulling import finding, handing
from alarp.gateway.pulling.matching import IMAGE, KEYS, LEVELS, PATIENT, SERIES, Query, query
from alarp.gateway.pulling.seeing import Seen, View
from alarp.kernel import BadInput
from alarp.records.configuration import configuration

JSON = "application/dicom+json"
_NOT_BY_DEFAULT = frozenset(
    {"PatientAge", "SeriesDate", "SeriesTime", "ProtocolName", "Laterality", "FrameOfReferenceUID", "ContentDate",
     "ContentTime"}
)  # fmt: skip


def search(view: View, asked: Request, place: Place) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The answers as DICOM JSON, and headers that go with them. Raises Refused (400) for a query that is none."""
    try:
        wanted, limit, offset = read(asked, place)
    except BadInput as error:
        raise Refused(400, str(error)) from None
    most = configuration().pull_most_answers
    number = min(limit, most)
    found = list(islice(view.search(wanted), offset, offset + number + 1))
    handing.refuse_unseen(view, wanted, found, service="QIDO-RS")
    headers = {}
    if len(found) > number and number < limit:
        headers["Warning"] = '299 alarp "There are more results; ask for the next with offset."'
    return [_answer(wanted, one, asked.base) for one in found[:number]], headers


def read(asked: Request, place: Place) -> tuple[Query, int, int]:
    """The query, its limit and its offset. Raises BadInput for a parameter that is none."""
    level = level_of(place.collection)
    pairs: list[tuple[str, Any]] = []
    wanted: list[str] = []
    numbers = {"limit": configuration().pull_most_answers + 1, "offset": 0}
    for name, value in asked.parameters:
        if name in numbers:
            if not (value.isascii() and value.isdecimal() and len(value) <= 9):
                raise BadInput(f"The parameter {name} is not a whole number; correct it.")
            numbers[name] = int(value)
        elif name == "includefield":
            wanted += _included(value, level)
        elif name != "fuzzymatching":  # we match as written, whatever is asked (PS3.18 8.3.4.2)
            keyword = keyword_of(name)
            pairs.append((keyword, value.split(",") if keyword.endswith("UID") else value))
    given = [(keyword, uid) for keyword, uid in place.uids.items()]
    default = [(keyword, "") for above in LEVELS[: LEVELS.index(level) + 1] for keyword in KEYS[above]
               if keyword not in _NOT_BY_DEFAULT and _belongs(above, place)]  # fmt: skip
    return (
        query(level, [*given, *pairs, *default, *((w, "") for w in wanted)]),
        numbers["limit"],
        numbers["offset"],
    )


def _belongs(level: str, place: Place) -> bool:
    """What the path has named already is not told again for each answer (PS3.18 tables 10.6.3-3 to 10.6.3-5)."""
    if "StudyInstanceUID" in place.uids and level == PATIENT:
        return False
    if "StudyInstanceUID" in place.uids and level == "STUDY":
        return False
    return not ("SeriesInstanceUID" in place.uids and level == SERIES)


def _included(value: str, level: str) -> list[str]:
    if value == "all":
        return [keyword for above in LEVELS[: LEVELS.index(level) + 1] for keyword in KEYS[above]]
    return [keyword_of(name) for name in value.split(",") if name]


def _answer(asked: Query, found: Seen, base: str) -> dict[str, Any]:
    made = Dataset()
    known = {k: found.value(k) for k in asked.wanted}
    finding.fill(made, {k: v for k, v in known.items() if v not in (None, "", [])})
    made.RetrieveURL = url_of(found, asked.level, base)
    return dict(made.to_json_dict())


def url_of(found: Seen, level: str, base: str) -> str:
    """Where this study, series or instance is to be fetched."""
    url = f"{base}/studies/{found.known['StudyInstanceUID']}"
    if level in (SERIES, IMAGE):
        url += f"/series/{found.known['SeriesInstanceUID']}"
    return url + (f"/instances/{found.known['SOPInstanceUID']}" if level == IMAGE else "")
