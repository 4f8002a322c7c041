"""What `result.json` promises to whoever reads results of several sites."""

from __future__ import annotations

import copy

import jsonschema
import pytest
from detection_makers import EIGHT, protocol, table

from alarp.evaluation import assemble, detection, lock, read_csv
from alarp.evaluation.schema import RESULT


def result(**changes):
    plan = protocol(claims=[{"measure": "sensitivity", "at_least": 0.5}], **changes)
    findings = detection.findings(plan, {"cases": read_csv(table(EIGHT), name="cases.csv")})
    held = lock(plan.common, None, now="2026-01-01", code_version="alarp 1")
    return assemble(plan.common, findings, lock=held, data={}, code_version="alarp 1").content


@pytest.mark.need("U15")
def test_a_result_keeps_the_published_schema():
    jsonschema.validate(result(), RESULT)


@pytest.mark.need("U15")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.pop("outcomes"),
        lambda r: r["protocol"].pop("exploratory"),
        lambda r: r["measures"][0].pop("method"),
        lambda r: r["claims"][0].update(status="perhaps"),
        lambda r: r.update(enrolled="eight"),
        lambda r: r.update(schema="another/1"),
    ],
)
def test_the_schema_refuses_a_result_with_a_hole(spoil):
    broken = copy.deepcopy(result())
    spoil(broken)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, RESULT)
