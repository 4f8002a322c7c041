"""Case mix in every kind: in our own mix our own numbers, in the vendor's what its patients would show."""

from __future__ import annotations

from dataclasses import replace

import number_makers
import numpy as np
import pytest
from contour_makers import block, headers, rtstruct
from contour_makers import protocol as contour_protocol
from number_makers import MEASUREMENT, PREDICTION, QUALITY, story_of
from reader_makers import located, long_table, marks_table, truth_table, values

from alarp.evaluation import contouring, reader_study
from alarp.evaluation.casemix import Population
from alarp.evaluation.claims import AS_TREATED
from alarp.evaluation.transporting import Mix
from alarp.kernel import BadInput

SHARES = {"F": 0.75, "M": 0.25}


def vendor(women: float) -> dict:
    return {"sex": {"F": women, "M": 1 - women}}


def measured(women=None, rows=None, **changes):
    """Eight women, of whom six are measured well; twelve men, of whom three are."""
    draw = np.random.default_rng(2)
    well = [True] * 6 + [False] * 2 + [True] * 3 + [False] * 9
    made = [
        f"c{i},{20 + i},{20 + i + (0.4 if good else 3) + draw.uniform(0, 0.1)},{'F' if i < 8 else 'M'}"
        for i, good in enumerate(well)
    ]
    analysis = {} if women is None else {"vendor_population": vendor(women)}
    header = "case,reference,output,sex"
    return number_makers.findings(
        MEASUREMENT, rows or made, header, subgroups=["sex"], analysis=analysis, **changes
    )


def foretold(women=None):
    draw = np.random.default_rng(3)
    rows = []
    for i in range(120):
        sex, p = ("F" if i < 40 else "M"), draw.uniform(0.1, 0.9)
        happened = draw.random() < (p if sex == "F" else p / 2)
        rows.append(f"c{i},{'no' if happened else 'yes'},{p:.4f},{sex}")
    analysis = PREDICTION["analysis"] | ({} if women is None else {"vendor_population": vendor(women)})
    return number_makers.findings(
        PREDICTION, rows, "case,attended,p,sex", subgroups=["sex"], analysis=analysis
    )


def scored(women=None, readers=None):
    draw = np.random.default_rng(4)
    rows = [
        f"c{i},{r},{draw.integers(2, 6)},{draw.integers(1, 5 if i % 3 else 6)},{'M' if i % 3 else 'F'}"
        for i in range(45)
        for r in range(1 if readers is None else 2)
    ]
    columns = QUALITY["columns"] | ({} if readers is None else {"reader": "reader"})
    analysis = {} if women is None else {"vendor_population": vendor(women)}
    analysis |= {} if readers is None else {"readers": readers}
    header = "case,reader,standard,enhanced,sex"
    return number_makers.findings(
        QUALITY, rows, header, subgroups=["sex"], columns=columns, analysis=analysis
    )


def outlined(women=None, lost=False):
    """Ten women outlined well, thirty men less well."""
    analysis = {"names": "as written"} | ({} if women is None else {"vendor_population": vendor(women)})
    plan = contour_protocol(subgroups=["sex"], analysis=analysis)
    grid = contouring.grid_from_headers("c", headers())
    sets = [
        contouring.structure_set("c", role, rtstruct({"liver": block(shift=shift)}), grid)
        for role, shift in (("reference", 0), ("output", 1), ("output", 2), ("output", 4))
    ]
    one = contouring.Enrolled("c", "c", "ct", "r.dcm", "o.dcm", None, {})
    kinds = [
        contouring.evaluate_case(plan, one, {"liver": ("liver",)}, grid, sets[0], output)
        for output in (*sets[1:], None)
    ]
    results = []
    for i in range(40):
        sex = "F" if i < 10 else "M"
        kind = kinds[3] if lost and i == 0 else kinds[(i % 2) + (sex == "M")]
        own = contouring.Enrolled(f"c{i}", f"c{i}", "ct", "r.dcm", "o.dcm", None, {"sex": sex})
        results.append(replace(kind, enrolled=own))
    return contouring.summarise(plan, results)


def marked(women=None, copies=1, **design):
    """Sixty cases, half with one or two lesions; women's lesions stand out more. `copies` of every woman."""
    draw = np.random.default_rng(5)
    marks, truth = [], []
    for i in range(60):
        sex, ill = ("F" if i % 3 == 0 else "M"), i % 2 == 0
        lesions = draw.integers(1, 3) if ill else 0
        ratings = draw.normal(1.5 if sex == "F" else 0.4, 1, lesions)
        false = draw.normal(0, 1)
        for copy in range(copies if sex == "F" else 1):
            name = f"c{i}-{copy}"
            marks += [f"tool,ai,{name},LL,{k + 1},{rating}" for k, rating in enumerate(ratings)]
            marks.append(f"tool,ai,{name},NL,,{false}")
            truth.append(f"{name},{'yes' if ill else 'no'},{lesions},{sex}")
    analysis = {} if women is None else {"vendor_population": vendor(women)}
    table = truth_table(truth, header="case,diseased,n_lesions,sex")
    return located(marks_table(marks), table, subgroups=["sex"], analysis=analysis, design=design)


def read(women=None, copies=1, **design):
    """Three readers, fifty cases; women's disease stands out more. `copies` of every woman."""
    draw = np.random.default_rng(6)
    female, ill = np.arange(50) % 4 == 0, np.arange(50) % 2 == 0
    ratings = draw.normal(size=(1, 3, 50)) + ill * np.where(female, 2.0, 0.7)
    times = np.where(female, copies, 1)
    frame = long_table(np.repeat(ratings, times, axis=2), np.repeat(ill, times))
    sex = np.repeat(np.where(female, "F", "M"), times)
    frame = frame.with_columns(
        frame["case"]
        .replace_strict({f"c{k + 1:04d}": word for k, word in enumerate(sex.tolist())})
        .alias("sex")
    )
    analysis = {} if women is None else {"vendor_population": vendor(women)}
    plan = reader_study.parse(values(design, subgroups=["sex"], analysis=analysis))
    return reader_study.findings(plan, {"cases": frame})


def row(found, name, subgroup="all"):
    (one,) = [m for m in found.measures if (m.measure, m.subgroup) == (name, subgroup)]
    return one


KINDS = [
    (measured, 0.4, ("within_tolerance", "bias", "mae")),
    (foretold, 1 / 3, ("calibration_in_the_large", "brier")),
    (scored, 1 / 3, ("quality_difference",)),
    (outlined, 0.25, ("dice", "hd95_mm", "surface_dice", "volume_difference_ml")),
]


@pytest.mark.need("E03", "E04")
@pytest.mark.parametrize(("study", "ours", "names"), KINDS, ids=[kind[0].__name__ for kind in KINDS])
def test_in_our_own_mix_every_kind_gives_its_own_estimate_and_interval(study, ours, names):
    found = study(ours)
    for name in names:
        here, there = row(found, name), row(found, f"{name}_transported")
        assert there.estimate == pytest.approx(here.estimate, rel=1e-12), name
        assert (there.low, there.high) == pytest.approx((here.low, here.high), rel=1e-6), name


@pytest.mark.need("E03", "E04")
@pytest.mark.parametrize(("study", "ours", "names"), KINDS, ids=[kind[0].__name__ for kind in KINDS])
def test_in_the_vendors_mix_each_group_counts_by_its_share_there(study, ours, names):
    found = study(0.75)
    alone = {sex: study(1.0 if sex == "F" else 0.0) for sex in SHARES}
    for name in names:
        wanted = sum(share * row(alone[sex], f"{name}_transported").estimate for sex, share in SHARES.items())
        assert row(found, f"{name}_transported").estimate == pytest.approx(wanted), name


def test_by_hand_six_of_eight_women_and_three_of_twelve_men_are_measured_well():
    found = row(measured(0.75), "within_tolerance_transported")
    assert found.estimate == pytest.approx(0.75 * 6 / 8 + 0.25 * 3 / 12)


@pytest.mark.need("E03", "E04")
@pytest.mark.parametrize(
    ("study", "design", "name", "arm", "ours"),
    [
        (marked, {}, "wafroc", "tool", 1 / 3),
        (marked, {"endpoint": "afroc"}, "afroc", "tool", 1 / 3),
        (marked, {"endpoint": "inferred-roc"}, "inferred-roc", "tool", 1 / 3),
        (read, {"readers": "fixed"}, "auc", "m1", 13 / 50),
        (read, {"readers": "fixed", "endpoint": "sensitivity", "threshold": 1}, "sensitivity", "m1", 13 / 50),
        (read, {"readers": "fixed", "endpoint": "specificity", "threshold": 1}, "specificity", "m1", 13 / 50),
    ],
)
def test_areas_in_a_mix_with_three_times_the_women_are_those_of_a_study_that_has_three_of_each(
    study, design, name, arm, ours
):
    tripled = 3 * ours / (3 * ours + 1 - ours)
    there, copied = row(study(tripled, **design), f"{name}_transported", arm), study(copies=3, **design)
    assert there.estimate == pytest.approx(row(copied, name, arm).estimate)
    own = row(study(ours, **design), f"{name}_transported", arm)
    here = row(study(**design), name, arm)
    assert own.estimate == pytest.approx(here.estimate)
    assert own.high - own.low == pytest.approx(here.high - here.low, rel=0.15)


def test_the_transported_interval_of_patients_with_several_cases_holds_the_vendors_truth_often_enough():
    draw, held, studies = np.random.default_rng(7), 0, 400
    truth = 0.8 * 1.0 + 0.2 * 1.5
    for _ in range(studies):
        sizes = draw.integers(1, 4, 50)
        patient, female = np.repeat(np.arange(50), sizes), np.repeat(draw.random(50) < 0.4, sizes)
        own = np.repeat(draw.normal(size=50), sizes)
        x = np.where(female, 1.0, 1.5) + 0.7 * own + 0.7 * draw.normal(size=len(own))
        mix = Mix.of(
            Population({"sex": {"F": 0.8, "M": 0.2}}),
            {"sex": np.where(female, "F", "M").tolist()},
            patient=patient,
            level=0.95,
            minimum_n=5,
        )
        found = mix.mean("x", x, np.ones(len(x), dtype=bool), bounds=(-np.inf, np.inf), empty="")
        held += found.low <= truth <= found.high
    assert 0.93 <= held / studies <= 0.985  # the standard error of 400 studies is 0.011


@pytest.mark.parametrize("study", [read, lambda women: scored(women, readers="random")])
def test_random_readers_keep_the_love_plot_and_are_not_given_an_interval_that_leaves_their_variance_out(
    study,
):
    found = study(0.75)
    (there,) = [
        m for m in found.measures if m.measure.endswith("_transported") and m.subgroup in ("all", "enhanced")
    ]
    assert not there.is_measurable
    assert "the readers are taken as random" in there.because
    assert len(found.figures["case_mix"]["rows"]) == 2


def test_fixed_readers_of_quality_are_transported():
    assert row(scored(0.75, readers="fixed"), "quality_difference_transported").is_measurable


def test_a_missing_measurement_lies_outside_and_leaves_the_transported_bias_without_a_claim():
    rows = [f"c{i},{20 + i},{'' if i == 3 else 20 + i + i / 50},{'F' if i % 2 else 'M'}" for i in range(40)]
    found = measured(0.5, rows)
    assert row(found, "bias_transported").because.startswith(AS_TREATED)
    assert row(found, "within_tolerance_transported").estimate == pytest.approx(39 / 40)


def test_a_missed_outline_counts_nothing_in_the_vendors_mix_too():
    found = outlined(0.25, lost=True)
    assert not row(found, "hd95_mm_transported").is_measurable
    assert row(found, "dice_transported").estimate == pytest.approx(row(found, "dice").estimate)


@pytest.mark.need("E04")
def test_the_report_shows_both_estimates_and_the_love_plot():
    rows = [f"c{i},{20 + i},{20 + i + i / 50},{'F' if i % 2 else 'M'}" for i in range(40)]
    content = number_makers.result(
        MEASUREMENT, rows, "case,reference,output,sex", subgroups=["sex"],
        analysis={"vendor_population": vendor(0.9)},
    ).content  # fmt: skip
    (told,) = [s for s in story_of(content)["sections"] if s["heading"] == "Our patients and the vendor's"]
    assert told["charts"][0]["chart"] == "love-plot"
    said = [line[0] for line in told["tables"][0]["rows"]]
    assert said[:2] == ["Within tolerance", "Within tolerance, in the vendor's case mix"]


def test_a_population_without_its_subgroup_and_one_for_doses_alone_are_refused():
    with pytest.raises(BadInput, match="names 'age', which is no subgroup"):
        contour_protocol(analysis={"vendor_population": {"age": {"old": 1.0}}})
    with pytest.raises(BadInput, match="is for the part 'quality'"):
        number_makers.protocol(
            number_makers.DOSE, subgroups=["sex"], analysis={"vendor_population": vendor(0.5)}
        )
