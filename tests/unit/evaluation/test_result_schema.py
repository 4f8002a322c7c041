"""What `result.json` promises to whoever reads results of several sites."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from detection_makers import EIGHT, protocol, table
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import assemble, detection, lock, read_csv
from alarp.evaluation import result as results
from alarp.evaluation.provenance import provenance
from alarp.evaluation.schema import RESULT
from alarp.kernel import digest


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


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=40,
    ),
    st.integers(2, 60),
)
def test_the_written_result_reads_back_as_it_was_however_it_is_laid_out(value, line):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(results, "LINE", line)
        assert json.loads(results.laid_out(value)) == value


def test_a_row_of_a_table_stands_on_one_line_and_a_table_on_many():
    rows = [{"case": f"c{number}", "dice": 0.9} for number in range(200)]
    lines = results.laid_out({"rows": rows}).splitlines()
    assert len(lines) == 204
    assert lines[2] == '  {"case": "c0", "dice": 0.9},'


def test_a_thousand_scans_take_one_line_of_a_report_and_their_list_can_be_checked():
    scans = {f"c{number}: output": f"{number:064x}" for number in range(1000)}
    found = {"protocol": {"hash": "p"}, "code_version": "alarp 1", "data": {"cases.csv": "t"} | scans}
    rows = provenance(found)
    assert ["SHA-256 of cases.csv", "t"] in rows
    assert rows[-1] == ["SHA-256 of the list of 1000 files of scans, each in result.json", digest(scans)]
    assert len(rows) == 4
    few = provenance(found | {"data": {"cases.csv": "t", "c1: output": "a"}})
    assert ["SHA-256 of c1: output", "a"] in few
