"""The whole list of bad input, for every kind: one sentence that names case and column, exit 2, nothing written.

Where the input is not wrong but only says too little (a constant score, an empty class of a subgroup), the result stands
and the sentence stands in it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

import nibabel
import numpy as np
import pytest
import yaml
from contour_makers import block as outline
from contour_makers import headers, rtstruct, square, write
from detection_makers import EIGHT
from detection_makers import PROTOCOL as DETECTION
from number_makers import DOSE, MEASUREMENT, PREDICTION, QUALITY
from reader_makers import MARKS
from reader_makers import PROTOCOL as READER_STUDY

from alarp.cli import evaluate as command
from alarp.kernel import Unavailable
from cli.scan_makers import PLAN as CONTOURING
from cli.scan_makers import block, nifti

NO_PDF = "no PDF here"


def csv(header, *rows):
    return "\n".join([header, *rows, ""])


@dataclass(frozen=True)
class Study:
    """A study that is good as it stands: its protocol and its tables, by file name."""

    protocol: dict[str, Any]
    tables: dict[str, str]


GOOD = {
    "detection": Study(DETECTION, {"cases.csv": csv("case,truth,score", *EIGHT)}),
    "reader-study": Study(
        READER_STUDY,
        {
            "readings.csv": csv(
                "reader,modality,case,truth,rating",
                *(
                    f"{r},{m},{c},{'diseased' if c < 'd' else 'healthy'},{1 + (ord(c) * 7 + ord(r) + len(m)) % 5}"
                    for r in "AB"
                    for m in ("aided", "plain")
                    for c in "abcdef"
                ),
            )
        },
    ),
    "localisation": Study(
        MARKS,
        {
            "marks.csv": csv(
                "modality,reader,case,mark,index,rating", "M,R,a,LL,1,0.9", "M,R,b,LL,1,0.4", "M,R,d,NL,1,0.5"
            ),
            "truth.csv": csv("case,diseased,n_lesions", "a,1,1", "b,1,1", "c,1,1", "d,0,0", "e,0,0", "f,0,0"),
        },
    ),
    "measurement": Study(
        MEASUREMENT,
        {"cases.csv": csv("case,reference,output", *(f"c{i},{10 + i},{10.4 + i + i % 3 / 5}" for i in range(12)))},
    ),
    "prediction": Study(
        PREDICTION,
        {"cases.csv": csv("case,attended,p", *(f"c{i},{'no' if i % 3 == 0 else 'yes'},0.{2 + i % 7}" for i in range(24)))},
    ),
    "enhancement": Study(
        QUALITY, {"cases.csv": csv("case,standard,enhanced", *(f"c{i},{3 + i % 2},{3 + i % 3}" for i in range(10)))}
    ),
    "dose": Study(
        DOSE,
        {"cases.csv": csv("case,phase,dlp", *(f"c{i},{'before' if i < 8 else 'after'},{90 + i}" for i in range(16)))},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Bad:
    """One thing wrong with a good study: a changed cell text of a table, or a changed protocol; what must be said."""

    kind: str
    what: str
    says: tuple[str, ...]
    file: str = ""
    old: str = ""
    new: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)


def added(kind, what, row, *says, file="cases.csv", **more):
    return Bad(kind, what, says, file, "", row + "\n", **more)


def turned(kind, what, old, new, *says, file="cases.csv", **more):
    return Bad(kind, what, says, file, old, new, **more)


R, T, M = "readings.csv", "truth.csv", "marks.csv"
TABLE = [
    # duplicate cases
    added("detection", "duplicate", "a,none,0.2", "Case a", "'case'"),
    added("reader-study", "duplicate", "A,aided,a,diseased,3", "ase a", "reader A", file=R),
    added("localisation", "duplicate", "a,1,1", "Case a", "'case'", file=T),
    added("measurement", "duplicate", "c1,10,10", "Case c1", "'case'"),
    added("prediction", "duplicate", "c1,no,0.2", "Case c1", "'case'"),
    added("enhancement", "duplicate", "c1,3,3", "Case c1", "'case'"),
    added("dose", "duplicate", "c1,after,80", "Case c1", "'case'"),
    # unmatched cases
    Bad("detection", "unmatched", ("ase h", "truth.csv"), changes={"truth": T},
        tables={T: csv("case,truth", *(f"{r[0]},{r.split(',')[1]}" for r in EIGHT[:-1])),
                "cases.csv": csv("case,score", *(f"{r[0]},{r.split(',')[2]}" for r in EIGHT))}),
    added("localisation", "unmatched", "M,R,zz,NL,1,0.2", "ase zz", "'case'", file=M),
    turned("reader-study", "unmatched", "B,plain,f,healthy,", "B,plain,g,healthy,", "g", file=R),
    Bad("enhancement", "unmatched", ("Case c1", "'arm'"),
        changes={"columns": {"case": "case", "arm": "arm", "score": "score"}},
        tables={"cases.csv": csv("case,arm,score", "c0,standard,3", "c0,enhanced,3", "c1,standard,4")}),
    # truth with a third value
    turned("detection", "third value", "a,nodule,", "a,maybe,", "ase", "'truth'"),
    turned("reader-study", "third value", "a,diseased", "a,maybe", "ase", "'truth'", file=R),
    turned("localisation", "third value", "a,1,1", "a,maybe,1", "Case a", "'diseased'", file=T),
    turned("measurement", "third value", "c1,11,", "c1,about 11,", "Case c1", "'reference'"),
    turned("prediction", "third value", "c1,yes,", "c1,maybe,", "ase c1", "'attended'"),
    turned("dose", "third value", "c1,before", "c1,during", "Case c1", "'phase'"),
    # NaN or infinite scores
    *(
        turned(kind, f"a score of {value}", old, new.replace("?", value), case, column, file=file)
        for value in ("NaN", "inf")
        for kind, old, new, case, column, file in (
            ("detection", "a,nodule,0.9", "a,nodule,?", "Case a", "'score'", "cases.csv"),
            ("reader-study", "A,aided,a,diseased,", "A,aided,a,diseased,?", "ase a", "'rating'", R),
            ("localisation", "a,LL,1,0.9", "a,LL,1,?", "ase a", "'rating'", M),
            ("measurement", "c1,11,11.6", "c1,11,?", "Case c1", "'output'", "cases.csv"),
            ("prediction", "c1,yes,0.3", "c1,yes,?", "Case c1", "'p'", "cases.csv"),
            ("enhancement", "c1,4,4", "c1,4,?", "Case c1", "'enhanced'", "cases.csv"),
            ("dose", "c1,before,91", "c1,before,?", "Case c1", "'dlp'", "cases.csv"),
        )
    ),
    # one class only
    Bad("detection", "one class", ("'truth'", "nodule"),
        tables={"cases.csv": csv("case,truth,score", "a,none,0.2", "b,none,0.4")}),
    Bad("reader-study", "one class", ("'truth'",),
        tables={R: GOOD["reader-study"].tables[R].replace("healthy", "diseased")}),
    Bad("localisation", "one class", ("'diseased'",), tables={T: csv("case,diseased,n_lesions", "a,1,1", "b,1,1", "d,1,1")}),
    Bad("dose", "one side only", ("'phase'", "after"), tables={"cases.csv": csv("case,phase,dlp", "a,before,90", "b,before,91")}),
    # a reader who read nothing
    Bad("reader-study", "a reader who read nothing", ("ader B", "'rating'"),
        tables={R: "\n".join(
            line.rsplit(",", 1)[0] + "," if line.startswith("B,") else line
            for line in GOOD["reader-study"].tables[R].splitlines()) + "\n"}),
    # constant scores
    Bad("detection", "constant", ("'score'", "0.5"),
        tables={"cases.csv": csv("case,truth,score", *(f"c{i},{'nodule' if i < 6 else 'none'},0.5" for i in range(20)))}),
    Bad("prediction", "constant", ("'p'", "0.3"),
        tables={"cases.csv": csv("case,attended,p", *(f"c{i},{'no' if i % 3 else 'yes'},0.3" for i in range(24)))}),
    Bad("measurement", "constant", ("'output'", "10"),
        tables={"cases.csv": csv("case,reference,output", *(f"c{i},{9 + i % 3},10" for i in range(12)))}),
    Bad("prediction", "one class", ("'attended'", "no"),
        tables={"cases.csv": csv("case,attended,p", *(f"c{i},yes,0.{2 + i % 7}" for i in range(24)))}),
    Bad(
        "reader-study",
        "constant",
        ("Reader B", "'rating'"),
        tables={
            R: "\n".join(
                line.rsplit(",", 1)[0] + ",3" if line.startswith("B,") else line
                for line in GOOD["reader-study"].tables[R].splitlines()
            )
            + "\n"
        },
    ),
    # ratings outside the scale
    turned("reader-study", "outside the scale", "A,aided,a,diseased,", "A,aided,a,diseased,9", "ase a", "'rating'", file=R,
           changes={"scale": {"min": 1, "max": 5}}),
    turned("localisation", "outside the scale", "a,LL,1,0.9", "a,LL,1,7", "ase a", "'rating'", file=M,
           changes={"scale": {"min": 0, "max": 1}}),
    turned("enhancement", "outside the scale", "c1,4,4", "c1,4,6", "Case c1", "'enhanced'"),
    turned("prediction", "outside 0 to 1", "c1,yes,0.3", "c1,yes,1.3", "Case c1", "'p'"),
    turned("detection", "outside 0 to 1", "a,nodule,0.9", "a,nodule,1.9", "ase a", "'score'",
           changes={"analysis": {"score_is_probability": True}}),
    turned("dose", "no dose", "c1,before,91", "c1,before,0", "Case c1", "'dlp'"),
    # what the protocol must say
    Bad("detection", "a threshold nobody set", ("threshold",), changes={"threshold": None}),
    Bad("detection", "a direction nobody set", ("higher_means",), changes={"higher_means": None}),
    Bad("reader-study", "a threshold nobody set", ("threshold",),
        changes={"design": READER_STUDY["design"] | {"endpoint": "sensitivity"}}),
    Bad("enhancement", "a scale nobody set", ("scale",), changes={"scale": None}),
    # a column that is not there, for all
    *(
        Bad(kind, "a column that is not there", (column,), file, column, column + "_x")
        for kind, file, column in (
            ("detection", "cases.csv", "score"), ("reader-study", R, "rating"), ("localisation", T, "diseased"),
            ("measurement", "cases.csv", "output"), ("prediction", "cases.csv", "attended"),
            ("enhancement", "cases.csv", "enhanced"), ("dose", "cases.csv", "dlp"),
        )
    ),
    *(
        Bad(kind, "no case at all", ("no case",), tables={file: study.tables[file].splitlines()[0] + "\n"})
        for kind, study in GOOD.items()
        for file in [T if kind == "localisation" else next(iter(study.tables))]
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_pdf(monkeypatch):
    def missing(html):
        raise Unavailable(NO_PDF, phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)


def run(monkeypatch, capsys, path):
    """Give the command as a person does: its exit code, and what it said on standard error."""
    monkeypatch.setattr(sys, "argv", ["alarp-evaluate", str(path), "--out", str(path.parent / "out")])
    with pytest.raises(SystemExit) as ended:
        command.main()
    said = capsys.readouterr()
    return ended.value.code or 0, said.err.strip()


def put(folder, protocol, tables):
    for name, text in tables.items():
        (folder / name).write_text(text, "utf-8")
    path = folder / "protocol.yaml"
    kept = {key: value for key, value in protocol.items() if value is not None}
    path.write_text(yaml.safe_dump(kept, sort_keys=False), "utf-8")
    return path


def is_one_sentence(said, folder):
    """One line, ended, without the machine's own words or its folders."""
    return (
        said.count("\n") == 0 and said.endswith(".") and "Traceback" not in said and str(folder) not in said
    )


@pytest.mark.parametrize("kind", GOOD)
def test_the_studies_that_are_spoilt_here_are_good_before(tmp_path, monkeypatch, capsys, kind):
    code, said = run(monkeypatch, capsys, put(tmp_path, GOOD[kind].protocol, GOOD[kind].tables))
    assert code == 0, said


@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: f"{bad.kind}: {bad.what}")
def test_bad_input_is_one_sentence_with_case_and_column_and_leaves_no_result(
    tmp_path, monkeypatch, capsys, bad
):
    good = GOOD[bad.kind]
    tables = good.tables | bad.tables
    if bad.file:
        assert bad.old in tables[bad.file], "the row to spoil is there"
        text = tables[bad.file]
        tables[bad.file] = text.replace(bad.old, bad.new, 1) if bad.old else text + bad.new
    code, said = run(monkeypatch, capsys, put(tmp_path, good.protocol | bad.changes, tables))
    assert code == 2, said
    assert is_one_sentence(said, tmp_path), said
    for word in bad.says:
        assert word in said, said
    assert not (tmp_path / "out" / "result.json").exists()


# --- scans -----------------------------------------------------------------------------------------------------------


def _other_grid(folder):
    nifti(folder / "r.nii.gz", block())
    moved = np.diag([-1.0, -1.0, 3.0, 1.0])
    moved[0, 3] = 7.0
    nifti(folder / "o.nii.gz", block(), affine=moved)
    return "c1,r.nii.gz,o.nii.gz", {}


def _no_spacing(folder):
    nifti(folder / "r.nii.gz", block())
    nibabel.save(
        nibabel.Nifti1Image(block(), None), folder / "o.nii.gz"
    )  # no affine: nobody says where voxels lie
    return "c1,r.nii.gz,o.nii.gz", {}


def _drawn(folder, spoil=lambda image: None, **how):
    (folder / "ct").mkdir()
    for number, image in enumerate(headers()):
        spoil(image)
        write(image, folder / "ct" / f"{number}.dcm")
    write(rtstruct({"liver": outline()}), folder / "r.dcm")
    write(rtstruct({"liver": how.pop("contours", outline())}, **how), folder / "o.dcm")
    return "c1,r.dcm,o.dcm", {"images": "ct", "labels": None}


def _image_without_spacing(folder):
    return _drawn(folder, lambda image: image.__delattr__("PixelSpacing"))


def _another_series(folder):
    return _drawn(folder, series="1.2.3.4")


def _another_frame(folder):
    return _drawn(folder, frame="1.2.3.5")


def _outside(folder):
    return _drawn(folder, contours=[square(200, 210, z=6.0), square(200, 210, z=9.0)])


def _missing_file(folder):
    nifti(folder / "r.nii.gz", block())
    return "c1,r.nii.gz,nowhere.nii.gz", {}


def _twice(folder):
    for name in ("r", "o"):
        nifti(folder / f"{name}.nii.gz", block())
    return "c1,r.nii.gz,o.nii.gz\nc1,r.nii.gz,o.nii.gz", {}


def _rating_outside(folder):
    for name in ("r", "o"):
        nifti(folder / f"{name}.nii.gz", block())
    (folder / "ratings.csv").write_text(csv("case,structure,rater,rating", "c1,liver,A,6"), "utf-8")
    return "c1,r.nii.gz,o.nii.gz", {"ratings": "ratings.csv"}


SCANS = [
    (_other_grid, ("Case c1", "output")),
    (_no_spacing, ("Case c1", "output")),
    (_image_without_spacing, ("Case c1", "PixelSpacing")),
    (_another_series, ("Case c1", "output", "series")),
    (_another_frame, ("Case c1", "output", "frame of reference")),
    (_outside, ("Case c1", "'output'", "outside the volume")),
    (_missing_file, ("Case c1", "'output'", "nowhere.nii.gz")),
    (_twice, ("Case c1",)),
    (_rating_outside, ("c1", "rating", "6")),
]


@pytest.mark.parametrize(("make", "says"), SCANS, ids=[make.__name__.strip("_") for make, _ in SCANS])
def test_bad_scans_are_one_sentence_with_case_and_column_and_leave_no_result(
    tmp_path, monkeypatch, capsys, make, says
):
    row, changes = make(tmp_path)
    path = put(tmp_path, CONTOURING | changes, {"cases.csv": csv("case,reference,output", row)})
    code, said = run(monkeypatch, capsys, path)
    assert code == 2, said
    assert is_one_sentence(said, tmp_path), said
    for word in says:
        assert word in said, said
    assert not (tmp_path / "out" / "result.json").exists()


def test_contours_outside_the_volume_may_be_left_out_by_the_protocol_and_are_then_counted(
    tmp_path, monkeypatch, capsys
):
    row, changes = _outside(tmp_path)
    changes = changes | {"analysis": {"outside": "clip"}}
    path = put(tmp_path, CONTOURING | changes, {"cases.csv": csv("case,reference,output", row)})
    code, said = run(monkeypatch, capsys, path)
    assert code == 0, said
    content = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert "outside" in json.dumps(content["figures"]) + " ".join(content["remarks"])
    (dice,) = [m for m in content["measures"] if (m["measure"], m["subgroup"]) == ("dice", "liver")]
    assert dice["estimate"] == 0


# --- results, not errors ---------------------------------------------------------------------------------------------


def result_of(tmp_path, monkeypatch, capsys, kind, tables, **changes):
    good = GOOD[kind]
    code, said = run(monkeypatch, capsys, put(tmp_path, good.protocol | changes, good.tables | tables))
    assert code == 0, said
    return json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))


def because(content, measure, subgroup="all"):
    (row,) = [m for m in content["measures"] if (m["measure"], m["subgroup"]) == (measure, subgroup)]
    return row["because"]


def test_a_subgroup_without_an_event_or_without_a_class_says_so_beside_its_number(
    tmp_path, monkeypatch, capsys
):
    rows = [
        f"c{i},{'nodule' if i < 30 else 'none'},{0.1 if i < 25 else 0.9},{'A' if i < 25 or i >= 40 else 'B'}"
        for i in range(60)
    ]
    rows += [f"d{i},none,0.1,C" for i in range(25)]
    tables = {"cases.csv": csv("case,truth,score,site", *rows)}
    content = result_of(tmp_path, monkeypatch, capsys, "detection", tables, subgroups=["site"])
    assert "zero events in 25" in because(content, "sensitivity", "site=A")
    assert because(content, "sensitivity", "site=C") == "no diseased case"
