"""The shipped scheme, library and sections are whole, and the library names every hazard that was asked for."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from alarp.kernel import BadInput
from alarp.safety import Category, levels, read_log, residual_matrix
from alarp.standards.safety import (
    known,
    load_library,
    load_monitors,
    load_scheme,
    load_sections,
    schemes,
)

LIBRARY = load_library()
ASKED_FOR = {
    "wrong-priority",
    "wrong-recipient",
    "misfiled-result",
    "lost-result",
    "silent-failure",
    "drift",
    "automation-bias",
    "deskilling",
    "over-recall",
    "opted-out-processed",
}


def test_the_library_has_26_hazards_numbered_in_order() -> None:
    assert [e.hazard.number for e in LIBRARY] == [f"H{n:02}" for n in range(1, 27)]


@pytest.mark.need("A10")
def test_the_library_names_every_hazard_that_was_asked_for() -> None:
    assert {seed for entry in LIBRARY for seed in entry.seeds} == ASKED_FOR


def test_no_shipped_hazard_is_scored_and_no_shipped_control_is_built() -> None:
    """A person scores each for the place where the tool is used."""
    assert all(not e.hazard.scored and not e.hazard.measured_by for e in LIBRARY)
    assert all(not c.state.built and not c.evidence for e in LIBRARY for c in e.hazard.controls)


@pytest.mark.need("A01")
def test_every_shipped_hazard_has_causes_controls_with_owners_and_a_monitor_that_exists() -> None:
    for entry in LIBRARY:
        hazard = entry.hazard
        assert hazard.causes and hazard.effect and hazard.harm, hazard.number
        assert hazard.controls and all(c.owner_role for c in hazard.controls), hazard.number
        assert hazard.monitors and all(w.monitor in load_monitors() for w in hazard.monitors), hazard.number


def test_all_four_kinds_of_control_occur() -> None:
    assert {c.category for e in LIBRARY for c in e.hazard.controls} == set(Category)


def test_a_contouring_tool_gets_contour_hazards_and_no_triage_hazards() -> None:
    fits = {e.hazard.number for e in LIBRARY if e.fits_kind("contouring")}
    assert {"H14", "H15", "H16", "H17"} <= fits
    assert not {"H03", "H05", "H06", "H07", "H22", "H24"} & fits
    assert len([e for e in LIBRARY if e.fits_kind("detection")]) == 22


def test_a_kind_that_the_library_does_not_know_gets_every_hazard() -> None:
    assert len([e for e in LIBRARY if e.fits_kind("navigation")]) == 26


@pytest.mark.parametrize(("tool", "kind"), [("noduleflag", "detection"), ("livercontour", "contouring")])
def test_the_demonstrations_logs_hold_every_fitting_hazard_at_a_level_that_may_be_accepted(
    tool: str, kind: str
) -> None:
    text = (files("alarp.demo.cases") / f"hazards-{tool}.yaml").read_text(encoding="utf-8")
    log = read_log(yaml.safe_load(text), known())
    assert {h.number for h in log} == {e.hazard.number for e in LIBRARY if e.fits_kind(kind)}
    residual = levels(residual_matrix(log, load_scheme()), load_scheme())
    assert residual[5] + residual[4] == 0 and residual[3] >= 1 and residual[2] >= 2
    assert all(h.monitors for h in log)


def test_there_are_eleven_sections() -> None:
    assert [c.number for c in load_sections()] == list(range(1, 12))


def test_a_scheme_is_named_by_its_version_and_an_unknown_one_is_refused() -> None:
    assert schemes() == ("nhs-2018.1",)
    assert load_scheme("nhs-2018.1").version == "nhs-2018.1"
    with pytest.raises(BadInput, match=r"no scheme-own-1\.yaml"):
        load_scheme("own-1")
    assert known().scheme == load_scheme()
