"""What may leave the site, and who says so? The counts and measures of one result, sealed; no case, no file name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alarp.cli.evaluating import files
from alarp.cli.evaluating.keys import Key
from alarp.kernel import BadInput, BrokenEvidence, sha256_hex
from alarp.pathway.proof import keyid_of, open_sealed, seal, statement

SUMMARY_FORMAT = "alarp-evaluation-summary-1"
SUMMARY_TYPE = "https://alarp.example/evaluation-summary/v1"
SUMMARY_FILE = "summary.json"
_KEPT = (
    "schema", "kind", "protocol", "product", "design", "unit", "enrolled", "outcomes", "measures", "comparisons",
    "claims", "reference_standard", "reference_is_ai", "code_version",
)  # fmt: skip


def put_summary(folder: Path, site: str, key: Key) -> Path:
    """Seal the summary of the result in this folder; where does it lie?"""
    result = folder / "result.json"
    if not result.is_file():
        raise BadInput(f"{folder} holds no result.json: give the output folder of `alarp evaluate`.")
    content = result.read_bytes()
    found = json.loads(content)
    said = {"site": site, **{name: found[name] for name in _KEPT if name in found}}
    subject = {"name": "result.json", "digest": {"sha256": sha256_hex(content)}}
    envelope = seal(
        statement(subjects=[subject], predicate_type=SUMMARY_TYPE, predicate=said), key.private_pem
    )
    text = json.dumps(
        {"format": SUMMARY_FORMAT, "public_key": key.public_pem, "envelope": envelope},
        indent=1,
        sort_keys=True,
    )
    return files.write_whole(folder / SUMMARY_FILE, (text + "\n").encode("utf-8"))


def read_summary(path: Path) -> tuple[dict[str, Any], str]:
    """What does this sealed summary say, and which key sealed it? BadInput when it was altered."""
    try:
        found = json.loads(path.read_bytes())
        sealed = open_sealed(found["envelope"], found["public_key"])
        said = sealed["predicate"]
        if found["format"] != SUMMARY_FORMAT or sealed["predicateType"] != SUMMARY_TYPE:
            raise ValueError
        return dict(said), keyid_of(found["public_key"])
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist; give summaries that `alarp protocol sign` wrote.") from error
    except (ValueError, KeyError, TypeError, BrokenEvidence) as error:
        raise BadInput(
            f"{path} is no sealed summary, or it was altered: ask the site for it again."
        ) from error


def side_by_side(summaries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Which rows compare these results? A heading, then one line a measure. BadInput when their plans differ."""
    plans = {said["protocol"]["plan_hash"] for said in summaries}
    if len(plans) > 1:
        raise BadInput(
            "These results cannot be compared: they come from different plans ("
            + ", ".join(sorted(p[:12] for p in plans))
            + "); only results of the same protocol.plan_hash were measured by the same rules."
        )
    heading = [
        "measure",
        *(f"{s['site']}: {s['product']['name']} {s['product']['version']}" for s in summaries),
    ]
    found = [{(m["measure"], m["subgroup"]): m for m in said["measures"]} for said in summaries]
    names = [key for key in found[0] if all(key in other for other in found)]
    rows = [
        [name if group == "all" else f"{name}, {group}", *(_cell(one[name, group]) for one in found)]
        for name, group in names
    ]
    return [heading, ["enrolled", *(str(said["enrolled"]) for said in summaries)], *rows]


def _cell(measure: Mapping[str, Any]) -> str:
    if measure["estimate"] is None:
        return "not measurable"
    text = f"{measure['estimate']:.3f}"
    if measure["low"] is not None and measure["high"] is not None:
        text += f" ({measure['low']:.3f} to {measure['high']:.3f})"
    return f"{text}, n {measure['n']}"
