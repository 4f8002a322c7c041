"""What does the analysis of pseudovalues say? Dorfman, Berbaum and Metz, done as Hillis showed it must be."""

from __future__ import annotations

import numpy as np

from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.mrmc.anova import Components
from alarp.evaluation.mrmc.covariances import leave_out
from alarp.evaluation.mrmc.wins import Wins, totals


def pseudovalues(wins: Wins, *, clusters: Codes | None = None) -> FloatArray:
    """What did each case contribute to each figure: K times the figure minus (K - 1) times the figure without it?

    (K, G), normalised so that their mean is the figure itself (Hillis, Berbaum and Metz 2008,
    doi:10.1016/j.acra.2007.12.015). A case that does not enter the figure contributes the figure.
    """
    found = totals(wins)
    left_out, spectators = leave_out(wins, found, clusters)
    count = len(left_out) + spectators
    raw = count * found.estimates - (count - 1) * left_out
    every = np.concatenate([raw, np.repeat(found.estimates[None, :], spectators, axis=0)])
    normalised: FloatArray = every + (found.estimates - every.mean(axis=0))
    return normalised


def components_by_pseudovalues(
    wins: Wins, *, modalities: int, readers: int, clusters: Codes | None = None
) -> Components:
    """Which variance components follow from the three-way analysis of variance of the pseudovalues?

    Dorfman, Berbaum and Metz 1992 (doi:10.1097/00004424-199209000-00015), translated to the components of Obuchowski
    and Rockette by the identities of Hillis et al. 2005 (doi:10.1002/sim.2024); equal to their jackknife analysis.
    """
    values = pseudovalues(wins, clusters=clusters)
    count, t, r = len(values), modalities, readers
    cube = values.T.reshape(t, r, count)
    grand = cube.mean()
    case = cube.mean(axis=(0, 1)) - grand
    of_t, of_r = cube.mean(axis=(1, 2)) - grand, cube.mean(axis=(0, 2)) - grand
    by_tr = cube.mean(axis=2) - grand - of_t[:, None] - of_r[None, :]
    by_tc = cube.mean(axis=1) - grand - of_t[:, None] - case[None, :]
    by_rc = cube.mean(axis=0) - grand - of_r[:, None] - case[None, :]
    rest = cube - grand - of_t[:, None, None] - of_r[None, :, None] - case[None, None, :]
    rest = rest - by_tr[:, :, None] - by_tc[:, None, :] - by_rc[None, :, :]

    def mean_square(effect: FloatArray, times: int, freedom: int) -> float:
        return times * float(np.sum(effect**2)) / freedom if freedom else 0.0

    ms_c = mean_square(case, t * r, count - 1)
    ms_tc = mean_square(by_tc, r, (t - 1) * (count - 1))
    ms_rc = mean_square(by_rc, t, (r - 1) * (count - 1))
    ms_trc = mean_square(rest, 1, (t - 1) * (r - 1) * (count - 1))
    scale = t * r * count
    several = r > 1
    return Components(
        modalities=t,
        readers=r,
        cases=count,
        ms_t=mean_square(of_t, r * count, t - 1) / count if t > 1 else None,
        ms_r=mean_square(of_r, t * count, r - 1) / count if several else None,
        ms_tr=mean_square(by_tr, count, (t - 1) * (r - 1)) / count if several and t > 1 else None,
        error=(ms_c + (t - 1) * ms_tc + (r - 1) * ms_rc + (t - 1) * (r - 1) * ms_trc) / scale,
        cov1=(ms_c - ms_tc + (r - 1) * (ms_rc - ms_trc)) / scale if t > 1 else None,
        cov2=(ms_c - ms_rc + (t - 1) * (ms_tc - ms_trc)) / scale if several else None,
        cov3=(ms_c - ms_tc - ms_rc + ms_trc) / scale if several and t > 1 else None,
    )
