"""Does every refusal have its reason, and does what is not stated never pass?"""

from __future__ import annotations

from typing import Any

import pytest

from alarp.records.ledger.eligibility import Candidate, refusals

CHEST = Candidate(
    modalities=frozenset({"CR"}),
    body_part="Chest",
    view="PA",
    age_years=40.0,
    sex="F",
    manufacturer="Philips Medical Systems",
    instances=1,
)


def but(**values: Any) -> Candidate:
    return Candidate(**{name: getattr(CHEST, name) for name in Candidate.__dataclass_fields__} | values)


@pytest.mark.need("G10")
@pytest.mark.parametrize(
    ("rules", "study", "reason"),
    [
        ({"modalities": ["CR", "DX"]}, CHEST, None),
        ({"modalities": ["CT"]}, CHEST, "The modality is CR; the tool takes CT."),
        ({"modalities": ["CT"]}, but(modalities=frozenset({"PT", "CT"})), None),
        ({"body_parts": ["CHEST"]}, CHEST, None),
        ({"body_parts": ["CHEST"]}, but(body_part="ANKLE"), "The body part is ANKLE; the tool takes CHEST."),
        ({"body_parts": ["CHEST"]}, but(body_part=""), "The body part is not stated; the tool takes CHEST."),
        ({"views": ["PA"]}, but(view="LL"), "The view is LL; the tool takes PA."),
        ({"age_min_years": 18}, but(age_years=17.9), "The patient is 17; the tool is for 18 and over."),
        ({"age_min_years": 18}, but(age_years=None), "The age is not stated and the tool has an age limit."),
        ({"age_max_years": 39}, CHEST, "The patient is 40; the tool is for 39 and under."),
        ({"manufacturers": ["PHILIPS"]}, CHEST, None),
        ({"manufacturers": ["GE"]}, CHEST, "The manufacturer is PHILIPS MEDICAL SYSTEMS; the tool takes GE."),
        (
            {"manufacturers_excluded": ["philips"]},
            CHEST,
            "The manufacturer PHILIPS MEDICAL SYSTEMS is excluded.",
        ),
        ({"instances_min": 20}, CHEST, "The study has 1 images; the tool needs 20."),
        ({"colour": ["red"]}, CHEST, "The rule 'colour' is unknown."),
        ({}, but(held_because="A phantom."), "A phantom."),
    ],
)
def test_a_study_is_judged_by_the_rules(rules: dict[str, Any], study: Candidate, reason: str | None) -> None:
    assert refusals(rules, study) == (() if reason is None else (reason,))


def test_every_reason_is_given_and_not_only_the_first() -> None:
    rules = {"modalities": ["CT"], "body_parts": ["LIVER"], "age_min_years": 60}
    assert len(refusals(rules, CHEST)) == 3
