"""What the gateway's pages say, without a browser and without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.records.ledger import answers
from alarp.records.ledger.models import Dispatch, Result
from alarp.web.audit import presenters as audit
from alarp.web.opt_outs.numbers import number
from alarp.web.opt_outs.presenters import InFlight, in_flight
from alarp.web.quarantine import presenters as quarantine
from alarp.web.reconciliation import presenters as reconciliation
from alarp.web.studies import listing, patients, states
from alarp.web.studies import presenters as studies
from alarp.web.viewer import presenters as viewer
from alarp.web.viewer.overlays import Contour, Drawing, Structure
from alarp.web.viewer.pictures import Facts
from alarp.web.viewer.planes import Plane
from alarp.web.viewer.slices import Series, Slice
from alarp.web.viewer.sources import ResultSource
from alarp.web.viewer.windows import CT_PRESETS

TODAY = date(2026, 6, 3)
NOW = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)


# Patients


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("OKORO^Grace^^Mrs", "OKORO, Grace (Mrs)"),
        ("de Vries^Jan Pieter", "DE VRIES, Jan Pieter"),
        ("Yamada^Tarou=山田^太郎", "YAMADA, Tarou"),
        ("SINGLE", "SINGLE"),
        ("", ""),
    ],
)
def test_a_dicom_name_is_written_as_in_the_nhs(said: str, shown: str) -> None:
    assert patients.spoken_name(said) == shown


def test_an_nhs_number_is_read_in_three_groups_and_anything_else_is_left_alone() -> None:
    assert patients.spaced("9434765919") == "943 476 5919"
    assert patients.spaced("V4711") == "V4711"


def test_a_birth_date_that_is_no_date_is_shown_as_it_came() -> None:
    assert patients.spoken_day("19500131") == "31 Jan 1950"
    assert patients.spoken_day("1950") == "1950"


# Opt-outs


def test_a_valid_nhs_number_is_taken_with_or_without_spaces() -> None:
    assert number("943 476 5919", is_hospital_number=False).nhs_number == "9434765919"


def test_ten_digits_with_a_wrong_check_digit_are_refused_with_what_to_do() -> None:
    with pytest.raises(BadInput, match="last one does not fit"):
        number("943 476 5918", is_hospital_number=False)


def test_ten_digits_that_a_patient_here_is_known_under_are_a_hospital_number() -> None:
    assert number("943 476 5918", is_hospital_number=True).patient_id == "943 476 5918"


def test_a_hospital_number_keeps_its_letters() -> None:
    assert number(" V4711 ", is_hospital_number=False).patient_id == "V4711"


def test_an_empty_field_is_refused() -> None:
    with pytest.raises(BadInput, match="Enter the patient"):
        number("  - ", is_hospital_number=False)


def dispatch(study: int, state: str, *, sent: bool = False, back: bool = False, results: Any = ()) -> Any:
    return SimpleNamespace(
        study_id=study,
        state=state,
        sent_at=NOW if sent else None,
        returned_at=NOW if back else None,
        results=SimpleNamespace(all=lambda: [SimpleNamespace(state=r) for r in results]),
    )


def test_the_confirmation_says_what_becomes_of_work_in_flight() -> None:
    flight = in_flight(
        3,
        [
            dispatch(1, Dispatch.HELD),
            dispatch(2, Dispatch.SENT, sent=True),
            dispatch(3, Dispatch.RETURNED, sent=True, back=True, results=[Result.FILED]),
        ],
    )
    text = " ".join(flight.sentences)
    assert "1 study not sent yet: will not be sent." in text
    assert "1 study already sent without identifiers: the result is kept out of PACS" in text
    assert "1 result already in PACS: stays there." in text
    assert text.endswith("Every study that comes from now on: not sent.")


def test_a_patient_without_studies_here_is_said_to_have_none() -> None:
    assert InFlight(0, 0, 0, 0, 0).sentences[0].startswith("No study of this patient is here.")


# Studies


def test_a_result_that_is_late_is_overdue_whatever_the_state_is_called() -> None:
    late, in_time = (answers.Answer(kind, "") for kind in (answers.OVERDUE, answers.AWAITED))
    assert states.sign_of(Dispatch.SENT, late) is states.OVERDUE
    assert states.sign_of(Dispatch.SENT, in_time).word == "Result awaited"


def test_every_state_of_the_ledger_has_its_own_word() -> None:
    words = [states.SIGNS[state].word for state in Dispatch.STATES]
    assert len(set(words)) == len(Dispatch.STATES)


def test_an_address_without_a_day_means_today_and_an_empty_one_any_day() -> None:
    assert listing.wanted({}, TODAY).day == TODAY
    assert listing.wanted({"day": ""}, TODAY).day is None
    assert listing.wanted({"day": "2026-06-01"}, TODAY).day == date(2026, 6, 1)


def test_what_an_address_cannot_mean_is_not_asked_for() -> None:
    want = listing.wanted({"state": "x", "became": "y", "owed": "z", "before": "-1"}, TODAY)
    assert (want.state, want.became, want.owed, want.before) == ("", "", "", None)


def test_a_filter_survives_in_the_address_of_the_next_page() -> None:
    want = listing.wanted({"day": "2026-06-01", "state": "held", "deployment": "d"}, TODAY).page_before(40)
    assert want.query == "day=2026-06-01&state=held&deployment=d&before=40"


def test_a_search_does_not_repeat_the_number_that_was_searched_for() -> None:
    shown = studies.search_result([], now=NOW, named=True)
    assert shown.sentence == "No study was found."


def test_who_may_not_see_identifiers_is_told_what_they_can_search_by() -> None:
    assert "study number only" in studies.search_result([], now=NOW, named=False).sentence


def test_a_result_shows_its_score_and_what_it_drew() -> None:
    summary = {
        "score": 0.9312,
        "content": "f" * 64,
        "lines": [
            {"name": "structure", "value": "Liver", "unit": ""},
            {"name": "Diameter", "value": "12", "unit": "mm"},
            {"name": "Score", "value": "0.93", "unit": "1"},
        ],
    }
    assert studies.facts_in(summary) == (("Score", "0.931"), ("Structures", "Liver"))
    assert studies.says_in(summary) == ("Diameter: 12 mm", "Score: 0.93")


def test_a_quarantine_entry_belongs_to_the_study_whose_pseudonym_it_names() -> None:
    item = SimpleNamespace(disagreements=[{"field": "patient", "expected": "P1", "found": "P9"}])
    mine = SimpleNamespace(patient_pseudonym="P1", accession_pseudonym="", study_uid_sent="")
    other = SimpleNamespace(patient_pseudonym="P2", accession_pseudonym="", study_uid_sent="")
    assert studies.names_it(item, [mine])
    assert not studies.names_it(item, [other])


# Reconciliation


def balance(total: int, *parts: int) -> reconciliation.Balance:
    return reconciliation.Balance(
        reconciliation.Term(total, "received", ""), tuple(reconciliation.Term(p, "x", "") for p in parts)
    )


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (balance(1204, 1180, 9, 12, 3), ""),
        (balance(1204, 1180, 9, 12, 1), "2 not accounted for"),
        (balance(1204, 1180, 9, 12, 5), "2 counted twice"),
    ],
)
def test_a_balance_says_by_how_much_it_does_not_hold(shown: reconciliation.Balance, verdict: str) -> None:
    assert shown.verdict == verdict
    assert shown.holds is (verdict == "")


def reconciled(**changes: Any) -> Any:
    row = {"sent": 4, "held": 1, "opted_out": 1, "failed": 0, "expected": 3, "returned": 2, "overdue": 1}
    values = row | {
        "day": date(2026, 6, 1),
        "received": 6,
        "awaited": 0,
        "quarantined": 0,
        "repeats": 0,
        "missing_files": 0,
        "stranded": (),
        "by_deployment": (SimpleNamespace(deployment="flag", awaited=0, **row),),
        "reasons": (("No tool of this Trust takes it.", 1), ("Quarantined: not DICOM", 1)),
        "balanced": True,
        "sentence": "",
    }
    return SimpleNamespace(**(values | changes))


def test_every_number_of_the_balance_leads_to_the_studies_behind_it() -> None:
    page = reconciliation.page(reconciled(), today=TODAY, names={"flag": "Flag at River"})
    assert page.images.parts[1].href == "/studies/?day=2026-06-01&became=held"
    assert page.tools[0].tool == "Flag at River"
    assert page.tools[0].images[0].href == "/studies/?day=2026-06-01&deployment=flag&became=sent"
    assert page.tools[0].results[2].href == "/studies/?day=2026-06-01&deployment=flag&owed=overdue"
    assert page.reasons[1].href == "/quarantine/?day=2026-06-01"


def test_there_is_no_day_after_today() -> None:
    assert reconciliation.page(reconciled(day=TODAY), today=TODAY, names={}).next == ""
    assert reconciliation.page(reconciled(), today=TODAY, names={}).next == "/reconciliation/?day=2026-06-02"


def test_a_missing_file_breaks_the_verdict_although_the_sums_hold() -> None:
    page = reconciliation.page(reconciled(missing_files=1, balanced=False), today=TODAY, names={})
    assert page.verdict == "1 object file is missing."


# Quarantine and audit


def test_a_missing_value_is_said_to_be_missing() -> None:
    (one,) = quarantine.disagreements([{"field": "accession", "expected": "A1", "found": ""}])
    assert (one.expected, one.found) == ("A1", "nothing")


def test_an_event_about_a_study_leads_to_the_study() -> None:
    assert audit.subject_href("study 17") == "/studies/17/"
    assert audit.subject_href("peer PACS") == ""


def test_a_broken_chain_is_named_and_counted() -> None:
    checks = [
        SimpleNamespace(stream="site", ok=True, sentence="3 events, unaltered and in order."),
        SimpleNamespace(stream="flag", ok=False, sentence="Event 2 was altered."),
    ]
    page = audit.checked(checks, {"flag": "Flag at River"}, NOW)
    assert not page.ok
    assert page.sentence.startswith("1 of 2 chains does not hold.")
    assert page.rows[1].title == "Flag at River"


# Viewer


def one_slice(number: int) -> Slice:
    plane = Plane((0.0, 0.0, float(number)), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 2.0, 1.0)
    facts = Facts(64, 64, 1, "CT", "CT Image Storage", plane, 1, number, 1.0, CT_PRESETS)
    return Slice(number, "a" * 64, f"1.2.{number}", "1.9", facts)


SERIES = Series("1.9", tuple(one_slice(n) for n in range(1, 6)), 0.5)


def result(**changes: Any) -> ResultSource:
    values: dict[str, Any] = {
        "number": 3,
        "sha256": "b" * 64,
        "tool": "LiverContour 1.4.2",
        "modality": "RTSTRUCT",
        "silent": True,
        "state": "kept",
        "matched_at": NOW,
        "filed_at": None,
        "names": {n: frozenset({f"2.25.{n}"}) for n in range(1, 6)},
    }
    return ResultSource(**(values | changes))


def drawn_on(*slices: int) -> Drawing:
    square = ((0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (2.0, 2.0, 0.0))
    return Drawing(structures=(Structure(1, "Liver", tuple(Contour(square, f"2.25.{n}") for n in slices)),))


def test_a_silent_result_is_marked_as_kept_and_not_filed() -> None:
    assert viewer.fate(result()) == "Silent run: kept for evaluation, not filed to PACS."
    assert viewer.fate(result(silent=False, state="filed")) == "Filed to PACS."


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ((1, 2, 3), "On slices 2 to 4 of 5."),
        ((1,), "On slice 2 of 5."),
        ((0, 3), "On 2 of 5 slices, from 1 to 4."),
        ((), "Nothing drawn on this series."),
    ],
)
def test_the_viewer_says_on_which_slices_something_is_drawn(drawn: tuple[int, ...], words: str) -> None:
    assert viewer.places(drawn, 5) == words


def test_a_study_opens_at_the_middle_of_what_was_drawn() -> None:
    start = viewer.start([SERIES], [(result(), drawn_on(1, 2, 3))])
    assert start is not None
    assert start.instance_id == 2


def test_a_layer_draws_only_what_belongs_to_this_slice() -> None:
    view = viewer.View()
    here, elsewhere = SERIES.slices[1], SERIES.slices[4]
    on = viewer.layer(result(), drawn_on(2), here, SERIES, study=9, view=view)
    off = viewer.layer(result(), drawn_on(2), elsewhere, SERIES, study=9, view=view)
    assert [s.label for s in on.shapes] == ["Liver"]
    assert off.shapes == ()
    assert [jump.href for jump in off.jumps] == ["/viewer/9/2/"]


def test_pixels_that_are_taller_than_wide_are_drawn_taller() -> None:
    frame = viewer.frame(SERIES.slices[0], CT_PRESETS[0], CT_PRESETS[0], "Study 9")
    assert frame is not None
    assert (frame.columns, frame.height) == (64, 128.0)


def test_the_address_of_a_picture_names_nobody() -> None:
    href = viewer.image_href(SERIES.slices[0], CT_PRESETS[0])
    assert href == "/viewer/image/1.png?centre=50&width=350&of=aaaaaaaaaaaaaaaa"


def test_the_window_and_the_overlay_stay_when_the_slice_changes() -> None:
    view = viewer.view_from({"window": "lung", "overlay": "off"})
    assert viewer.href(9, 2, view) == "/viewer/9/2/?window=lung&overlay=off"
    assert view.chosen(CT_PRESETS) == CT_PRESETS[2]


@pytest.mark.parametrize(
    "asked", [{"centre": "x", "width": "2"}, {"centre": "nan", "width": "2"}, {"width": "9"}]
)
def test_a_window_that_is_no_number_is_not_asked_for(asked: dict[str, str]) -> None:
    assert viewer.view_from(asked).chosen(CT_PRESETS) == CT_PRESETS[0]
