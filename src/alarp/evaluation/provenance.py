"""From which protocol, code and data does a report come?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.kernel import digest

MOST_LISTED = 20


def provenance(result: Mapping[str, Any]) -> list[list[str]]:
    """Which hashes stand at the end of a report? Those of many scans as one: a thousand of them fill thirty pages.

    The one is that of their list as it stands in `result.json`, which has each: name, hash.
    """
    data = result["data"]
    scans = {name: value for name, value in data.items() if ": " in name}  # 'case: column'
    listed = data if len(scans) <= MOST_LISTED else {k: v for k, v in data.items() if k not in scans}
    rows = [
        ["Protocol hash (SHA-256)", result["protocol"]["hash"]],
        ["Code version", result["code_version"]],
        *[[f"SHA-256 of {name}", value] for name, value in listed.items()],
    ]
    if listed is not data:
        rows.append(
            [f"SHA-256 of the list of {len(scans)} files of scans, each in result.json", digest(scans)]
        )
    return rows
