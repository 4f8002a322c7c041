"""A protocol is read field by field, hashed and locked; what it does not know it refuses by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from detection_makers import protocol, protocol_values

from alarp.evaluation import held, lock, lock_from_dict, parse_protocol, protocol_hash, read_text
from alarp.kernel import BadInput

CONTOURS = {
    "title": "Liver", "version": 1, "kind": "contouring", "cases": "c.csv", "images": "ct", "tolerance_mm": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    "field", ["title", "version", "kind", "cases", "columns", "positive", "higher_means", "threshold"]
)
def test_a_missing_field_is_named(field):
    with pytest.raises(BadInput, match=field):
        parse_protocol(protocol_values(**{field: None}))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"treshold": 0.4}, "treshold"),
        ({"columns": {"case": "c", "truth": "t", "score": "s", "readers": "r"}}, "columns.readers"),
        ({"columns": {"case": "c", "score": "s"}}, "columns.truth"),
        ({"product": {"name": "x", "vendor": "y"}}, "product.vendor"),
        ({"higher_means": "positive"}, "higher_means"),
        ({"threshold": "half"}, "threshold"),
        ({"level": 95}, "level"),
        ({"design": "guess"}, "design"),
        ({"kind": "divination"}, "kind"),
        ({"failure_rule": "leave out"}, "failure_rule"),
        ({"claims": [{"measure": "sensitivity"}]}, "claim 1"),
        ({"claims": [{"measure": "sensitivity", "at_least": 0.9, "at_most": 1}]}, "claim 1"),
        ({"claims": [{"measure": "sensitivty", "at_least": 0.9}]}, "sensitivty"),
        ({"claims": [{"measure": "auc", "at_least": 0.9, "in": "all"}]}, "in"),
        ({"subgroups": "sex"}, "subgroups"),
    ],
)
def test_a_field_that_will_not_do_is_named_in_one_sentence(changes, named):
    with pytest.raises(BadInput) as refused:
        parse_protocol(protocol_values(**changes))
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.need("E02")
def test_a_contouring_product_cannot_be_passed_on_an_auc():
    with pytest.raises(BadInput, match="'auc', which a contouring evaluation does not have"):
        parse_protocol(CONTOURS | {"claims": [{"measure": "auc", "at_least": 0.9}]})


@pytest.mark.need("E02")
def test_each_kind_refuses_the_fields_of_the_other():
    with pytest.raises(BadInput, match="tolerance_mm"):
        parse_protocol(protocol_values(tolerance_mm=2))
    with pytest.raises(BadInput, match="threshold"):
        parse_protocol(CONTOURS | {"threshold": 0.5})


def test_one_spelling_cannot_stand_for_two_structures():
    with pytest.raises(BadInput, match="kidney"):
        parse_protocol(CONTOURS | {"structures": {"left": ["Kidney"], "right": ["kidney"]}})


def test_the_order_of_fields_does_not_change_the_hash_but_a_threshold_does():
    values = protocol_values()
    assert protocol_hash(dict(reversed(values.items()))) == protocol_hash(values)
    assert protocol_hash(values | {"threshold": 0.51}) != protocol_hash(values)


@pytest.mark.parametrize("text", ["TotalSegmentator output", "contours by an AI", "auto-contours, unedited"])
def test_a_reference_made_by_an_ai_is_recognised(text):
    assert protocol(reference_standard=text).common.reference.is_ai


@pytest.mark.parametrize("text", ["histology", "two radiologists in Airedale", "not stated"])
def test_a_reference_made_by_people_is_not_called_ai(text):
    assert not protocol(reference_standard=text).common.reference.is_ai


class TestLock:
    def first(self):
        return lock(protocol().common, None, now="2025-01-01T00:00:00+00:00", code_version="alarp 1")

    @pytest.mark.need("E06")
    def test_a_changed_protocol_under_the_same_version_is_refused(self):
        with pytest.raises(BadInput, match="new version"):
            lock(protocol(threshold=0.4).common, self.first(), now="2025-01-02", code_version="alarp 1")

    @pytest.mark.need("E06")
    def test_a_new_version_is_locked_and_the_old_one_stays_listed(self):
        second = lock(
            protocol(threshold=0.4, version=2).common, self.first(), now="2025-01-02", code_version="alarp 1"
        )
        assert second.current.version == "2"
        assert [old.hash for old in second.earlier] == [self.first().current.hash]

    def test_the_version_before_last_cannot_be_reused_for_another_protocol(self):
        second = lock(
            protocol(threshold=0.4, version=2).common, self.first(), now="2025-01-02", code_version="alarp 1"
        )
        with pytest.raises(BadInput, match="version 1"):
            lock(protocol(threshold=0.3).common, second, now="2025-01-03", code_version="alarp 1")

    def test_locking_the_same_protocol_again_changes_nothing(self):
        again = lock(protocol().common, self.first(), now="2025-01-02", code_version="alarp 2")
        assert again == self.first()

    @pytest.mark.need("E06")
    def test_a_changed_protocol_does_not_run_under_the_old_lock(self):
        assert held(protocol().common, self.first()) == self.first()
        with pytest.raises(BadInput, match=r"restore it, or give .* a new version.*and lock it again"):
            held(protocol(threshold=0.4).common, self.first())

    def test_a_lock_survives_being_written_and_read(self):
        assert lock_from_dict(self.first().as_dict()) == self.first()

    def test_an_altered_lock_is_refused(self):
        with pytest.raises(BadInput, match="altered"):
            lock_from_dict({"title": "x"})


def test_the_protocols_of_the_how_to_page_are_valid():
    page = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "evaluate-a-tool.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    whole = [
        values for b in blocks if "kind" in (values := read_text(b))
    ]  # the others are parts of a protocol
    assert [parse_protocol(values).common.kind for values in whole] == [
        "detection",
        "detection",
        "contouring",
    ]
