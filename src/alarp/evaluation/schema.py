"""Which shape does `result.json` have? A JSON Schema, for whoever reads results of several sites."""

from __future__ import annotations

from typing import Any

from alarp.evaluation.claims import MET, NOT_MEASURABLE, NOT_MET
from alarp.evaluation.kinds import KINDS

_TEXT = {"type": "string"}
_NUMBER = {"type": ["number", "null"]}
_COUNT = {"type": ["number", "null"], "minimum": 0}


def _object(required: dict[str, Any], more: bool = True) -> dict[str, Any]:
    return {
        "type": "object",
        "required": sorted(required),
        "properties": required,
        "additionalProperties": more,
    }


_ESTIMATE = {"low": _NUMBER, "high": _NUMBER, "method": _TEXT}
MEASURE = _object(
    {"measure": _TEXT, "subgroup": _TEXT, "estimate": _NUMBER, **_ESTIMATE, "level": _NUMBER, "n": _COUNT}
    | {"events": _COUNT, "p": _NUMBER, "because": _TEXT}
)
COMPARISON = _object(
    {
        "measure": _TEXT,
        "a": _TEXT,
        "b": _TEXT,
        "difference": _NUMBER,
        **_ESTIMATE,
        "se": _NUMBER,
        "df": _NUMBER,
    }
    | {"statistic": _NUMBER, "p": _NUMBER}
)
CLAIM = _object(
    {"claim": _TEXT, "measure": _TEXT, "subgroup": _TEXT, "found": _NUMBER, "because": _TEXT}
    | {"on": {"enum": ["estimate", "low", "high"]}, "status": {"enum": [MET, NOT_MET, NOT_MEASURABLE]}}
)
PROTOCOL = _object(
    {
        "title": _TEXT,
        "version": _TEXT,
        "hash": _TEXT,
        "plan_hash": _TEXT,
        "level": _NUMBER,
        "failure_rule": _TEXT,
    }
    | {"exploratory": {"type": "boolean"}, "locked_at": {"type": ["string", "null"]}}
    | {"locked_by": {"type": ["string", "null"]}, "earlier": {"type": "array"}}
)
RESULT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "result.json of an evaluation",
    **_object(
        {
            "schema": {"const": "alarp.evaluation/1"},
            "kind": {"enum": list(KINDS)},
            "protocol": PROTOCOL,
            "product": _object({"name": _TEXT, "version": _TEXT}),
            "enrolled": {"type": "integer", "minimum": 0},
            "unit": _TEXT,
            "outcomes": {
                "type": "object",
                "required": ["enrolled"],
                "additionalProperties": {"type": "integer", "minimum": 0},
            },
            "measures": {"type": "array", "items": MEASURE},
            "comparisons": {"type": "array", "items": COMPARISON},
            "claims": {"type": "array", "items": CLAIM},
            "reference_standard": _TEXT,
            "reference_is_ai": {"type": "boolean"},
            "design": _TEXT,
            "data_source": _TEXT,
            "figures": {"type": "object"},
            "remarks": {"type": "array", "items": _TEXT},
            "data": {"type": "object", "additionalProperties": _TEXT},
            "code_version": _TEXT,
        }
    ),
}
