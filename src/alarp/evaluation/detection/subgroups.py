"""For whom does the tool work less well?"""

from __future__ import annotations

import numpy as np

from alarp.evaluation import subgroups as groups
from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection.accuracy import readings
from alarp.evaluation.detection.auc import both_aucs
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.intervals import BoolArray, Comparison
from alarp.evaluation.transporting import Transported, transported
from alarp.kernel import Measure


def subgroups(protocol: DetectionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """How does each subgroup fare, and does it differ from the rest? A missing answer counts as wrong."""
    found = readings(cases, rule="worst_case")
    plan = protocol.subgroup_plan

    def ranking(name: str, members: BoolArray) -> list[Measure]:
        patients = None if found.patient is None else found.patient[members]
        return both_aucs(
            found.suspicion[members],
            found.diseased[members],
            level=plan.level,
            clusters=patients,
            subgroup=name,
            **protocol.options.ranking,
        )

    return groups.analyse(
        plan,
        labels_of_known(cases),
        found.diseased,
        found.flagged,
        patient=found.patient,
        more=ranking if cases.has_score else None,
    )


def labels_of_known(cases: Cases) -> dict[str, list[str]]:
    """Which word has every case of known truth for each subgroup variable, in the order of `readings`?"""
    known = np.flatnonzero(cases.truth != UNKNOWN)
    return {name: [words[i] for i in known] for name, words in cases.subgroups.items()}


def case_mix(protocol: DetectionProtocol, cases: Cases) -> Transported | None:
    """What would be found if our patients were mixed as the vendor's were? None when the protocol does not say how."""
    if protocol.vendor is None:
        return None
    found = readings(cases, rule="worst_case")
    return transported(
        protocol.vendor,
        labels_of_known(cases),
        found.diseased,
        found.flagged,
        level=protocol.common.level,
        minimum_n=protocol.common.minimum_n,
        suspicion=found.suspicion if cases.has_score else None,
        patient=found.patient,
    )
