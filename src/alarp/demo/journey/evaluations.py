"""How good is the tool here? A locked protocol, a local test set, and `alarp evaluate`."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydicom import Dataset

from alarp.demo import scans
from alarp.demo.bench import Collector, run_test_set, score_of
from alarp.demo.hospital import Hospital
from alarp.demo.journey.paperwork import Paper

FILMS = 24
ABDOMENS = 3
CASE_COLUMNS = ("case", "patient", "truth", "score", "manufacturer", "sex")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `alarp evaluate` found, and the file it wrote."""

    result: dict[str, Any]
    file: Path

    def paper(self) -> Paper:
        """The result as evidence for the gate."""
        title = f"Local evaluation: {self.result['protocol']['title']}"
        return Paper(title, "retrospective", "result.json", "application/json", self.file.read_bytes())

    def sentence(self, name: str, subgroup: str) -> str:
        """One measure as a person reads it, with its interval and denominator."""
        found = self.measure(name, subgroup)
        if found["estimate"] is None:
            return f"{name}: not measurable, {found['because']}."
        interval = f" ({found['low']:.3f} to {found['high']:.3f})" if found["low"] is not None else ""
        return f"{name} {found['estimate']:.3f}{interval}, n = {found['n']}, {found['method']}."

    def unmet(self) -> tuple[str, ...]:
        """Which of the claims did not hold here, and what was found instead?"""
        # Brings scipy: nobody should wait for it at the beginning.
        from alarp.evaluation.pieces import name_of

        return tuple(
            f"{name_of(claim['measure'])} for {claim['subgroup']}: {_limit(claim)} claimed, {claim['found']:.3g} found"
            for claim in self.result["claims"]
            if claim["status"] == "not met"
        )

    def measure(self, name: str, subgroup: str = "all") -> dict[str, Any]:
        """One measure of the result."""
        return next(m for m in self.result["measures"] if m["measure"] == name and m["subgroup"] == subgroup)


def _limit(claim: dict[str, Any]) -> str:
    """'at least 0.99', 'at most 3'."""
    if "at_least" in claim:
        return f"at least {claim['at_least']:g}"
    return f"at most {claim['at_most']:g}"


def _bench(hospital: Hospital, tool: str, studies: Sequence[Sequence[Dataset]]) -> dict[str, Dataset]:
    with Collector() as collector:
        words = hospital.tool_arguments(tool, f"B{tool[:12].upper()}", 0, collector.port, collector.aet)
        machine = hospital.start(f"bench-{tool}", words)
        try:
            return run_test_set(studies, collector, called=f"B{tool[:12].upper()}", port=machine.port)
        finally:
            machine.stop()


def lock_protocols(hospital: Hospital, *, real: bool) -> None:
    """Every plan is fixed with the Trust's key, by one command, before any truth is read, as a Trust does."""
    plans = {
        "noduleflag": NODULE_PROTOCOL,
        LIVERS.tool: LIVERS.protocol(real=real),
        LUNGS.tool: LUNGS.protocol(real=False),
    }
    files = []
    for tool, plan in plans.items():
        file = hospital.folder / "evaluations" / tool / "protocol.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        files.append(str(file))
    hospital.await_building()
    hospital.alarp("protocol", "lock", *files)


def _evaluate(hospital: Hospital, folder: Path) -> Evaluation:
    hospital.alarp("evaluate", str(folder / "protocol.yaml"), "--out", str(folder), allow=(0, 3))
    file = folder / "result.json"
    return Evaluation(json.loads(file.read_text(encoding="utf-8")), file)


def _table(file: Path, columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)


def evaluate_noduleflag(hospital: Hospital, when: datetime, *, real: bool) -> Evaluation:
    """Sensitivity, specificity and AUC on films of known truth from the Trust's three scanners.

    The first to be evaluated: when the tool has answered, all three protocols are locked, and then the truth is read.
    """
    orders = scans.orders(FILMS, first_patient=500, when=when, prefix="EV", scanners=scans.EVERYWHERE)
    films = scans.simulate_films(orders)
    reports = _bench(hospital, "noduleflag", [film.datasets for film in films])
    lock_protocols(hospital, real=real)
    rows = []
    for order, film in zip(orders, films, strict=True):
        image = film.datasets[0]
        score = score_of(reports[str(image.StudyInstanceUID)])
        rows.append(
            {
                "case": order.accession,
                "patient": f"P{order.patient}",
                "truth": scans.report_label(film),
                "score": "" if score is None else f"{score:.6f}",
                "manufacturer": str(image.Manufacturer),
                "sex": str(image.PatientSex),
            }
        )
    folder = hospital.folder / "evaluations" / "noduleflag"
    _table(folder / "cases.csv", CASE_COLUMNS, rows)
    return _evaluate(hospital, folder)


NODULE_PROTOCOL: dict[str, Any] = {
    "title": "NoduleFlag 2.1.0 on films of three scanners",
    "version": "1.0",
    "kind": "detection",
    "product": {"name": "NoduleFlag", "version": "2.1.0"},
    "cases": "cases.csv",
    "columns": {"case": "case", "truth": "truth", "score": "score", "patient": "patient"},
    "positive": "positive",
    "negative": "negative",
    "higher_means": "disease",
    "threshold": 0.5,
    "subgroups": ["manufacturer", "sex"],
    "minimum_n": 5,
    "claims": [
        {"measure": "sensitivity", "at_least": 0.75, "on": "estimate"},
        {"measure": "auc", "at_least": 0.8, "on": "estimate"},
    ],
    "reference_standard": "Known by construction: nodules of known size and place in a simulated chest.",
    "reference_is_ai": False,
    "design": "retrospective",
    "data_source": "Scan simulator of Alarp: simulated films, no patient.",
}


@dataclass(frozen=True, slots=True)
class Contouring:
    """One contouring tool on the bench: what it draws, and what its supplier claims of it."""

    tool: str
    name: str
    version: str
    structure: str
    tolerance_mm: float
    claims: tuple[dict[str, Any], ...]

    def protocol(self, *, real: bool) -> dict[str, Any]:
        """The locked plan of its evaluation."""
        return {
            "title": f"{self.name} {self.version} against "
            + ("an AI-made reference" if real else "known outlines"),
            "version": "1.0",
            "kind": "contouring",
            "product": {"name": self.name, "version": self.version},
            "cases": "cases.csv",
            "columns": {"case": "case", "reference": "reference", "output": "output", "images": "images"},
            "structures": {self.structure: []},
            "tolerance_mm": self.tolerance_mm,
            "subgroups": [] if real else ["manufacturer"],
            "claims": [{**claim, "subgroup": self.structure, "on": "estimate"} for claim in self.claims],
            "reference_standard": "The output of another AI (TotalSegmentator), not a human's contours: "
            "agreement with it is not accuracy."
            if real
            else f"Known by construction: the analytic outline of the simulated {self.structure} on every slice.",
            "reference_is_ai": real,
            "design": "retrospective",
            "data_source": "A real CT given with --data."
            if real
            else "Scan simulator of Alarp: simulated CT, no patient.",
        }


LIVERS = Contouring(
    "livercontour", "LiverContour", "1.4.2", "liver", 3, ({"measure": "dice", "at_least": 0.85},)
)
LUNGS = Contouring(
    "lungcontour",
    "LungContour",
    "0.9.0",
    "lungs",
    2,
    (
        {"measure": "dice", "at_least": 0.99},
        {"measure": "surface_dice", "at_least": 0.99},
        {"measure": "hd95_mm", "at_most": 3},
    ),
)
Case = tuple[str, list[Dataset], Dataset]  # its name, its images, its reference


def evaluate_livercontour(hospital: Hospital, when: datetime, real: scans.RealCt | None) -> Evaluation:
    """Dice and surface distances of the liver: on simulated CTs, or on the real CT the user gave."""
    if real is None:
        return _evaluate_contours(hospital, LIVERS, simulated_abdomens(when))
    return _evaluate_contours(hospital, LIVERS, [("real-abdomen", list(real.images), real.reference)])


def evaluate_lungcontour(hospital: Hospital, when: datetime) -> Evaluation:
    """Dice and surface distances of the lungs, on the very CTs that LiverContour gets.

    Always simulated ones: the reference of a real abdomen need not hold lungs.
    """
    return _evaluate_contours(hospital, LUNGS, simulated_abdomens(when))


@lru_cache(maxsize=1)
def simulated_abdomens(when: datetime) -> tuple[Case, ...]:
    """The bench's CTs of known truth; made once for all tools."""
    orders = scans.orders(ABDOMENS, first_patient=700, when=when, prefix="EC", scanners=scans.EVERYWHERE)
    made = scans.simulate_abdomens(orders)
    return tuple(
        (o.accession, list(s.datasets), scans.true_outlines(s)) for o, s in zip(orders, made, strict=True)
    )


def _evaluate_contours(hospital: Hospital, what: Contouring, cases: Sequence[Case]) -> Evaluation:
    folder = hospital.folder / "evaluations" / what.tool
    outputs = _bench(hospital, what.tool, [images for _, images, _ in cases])
    rows = []
    for name, images, reference in cases:
        place = folder / "cases" / name
        (place / "images").mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            image.save_as(place / "images" / f"{number:04d}.dcm", enforce_file_format=True)
        output = outputs[str(images[0].StudyInstanceUID)]
        reference.save_as(place / "reference.dcm", enforce_file_format=True)
        output.save_as(place / "output.dcm", enforce_file_format=True)
        where = f"cases/{name}"
        rows.append(
            {
                "case": name,
                "reference": f"{where}/reference.dcm",
                "output": f"{where}/output.dcm",
                "images": f"{where}/images",
                "manufacturer": str(images[0].Manufacturer),
            }
        )
    _table(folder / "cases.csv", ("case", "reference", "output", "images", "manufacturer"), rows)
    return _evaluate(hospital, folder)
