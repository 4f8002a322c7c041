"""113 patients after a subarachnoid haemorrhage: outcome, WFNS grade, S100B and NDKA.

The measurements of Turck et al. 2010 (doi:10.1007/s00134-009-1641-y), which the R package pROC uses in its examples and
its own tests (Robin et al. 2011, doi:10.1186/1471-2105-12-77). Areas, partial areas and p values of pROC are known answers.
"""

from __future__ import annotations

import numpy as np

_ROWS = """
good 1 0.13 3.01; good 1 0.14 8.54; good 1 0.1 8.09; good 1 0.04 10.42; poor 3 0.13 17.4
poor 2 0.1 12.75; good 5 0.47 6; poor 4 0.16 13.2; good 1 0.18 15.54; good 2 0.1 6.01
poor 5 0.12 15.96; good 2 0.1 17.86; poor 5 0.44 5.18; poor 5 0.71 8.9; good 1 0.04 13.41
good 2 0.08 20.75; poor 5 0.49 11.6; good 2 0.04 16.11; poor 2 0.07 32.37; poor 5 0.33 54.82
poor 2 0.09 32.41; good 1 0.09 49.94; poor 1 0.07 40.34; good 1 0.11 9.47; good 1 0.07 6.29
good 2 0.17 12.53; good 1 0.07 6.54; good 2 0.11 6.3; good 1 0.13 80.3; good 1 0.19 12.8
good 3 0.05 9.8; good 4 0.16 9.81; poor 2 0.41 9.85; good 1 0.14 18.21; good 4 0.34 5.03
poor 5 0.35 14.04; poor 4 0.48 21.93; good 1 0.09 8.02; poor 4 0.96 7.42; poor 2 0.25 8.38
good 5 0.5 6.59; good 5 0.46 9.63; good 1 0.16 13.12; good 1 0.07 7.96; good 2 0.43 14.34
good 4 0.45 41.43; good 1 0.11 7.63; good 1 0.08 7.06; good 2 0.09 12.59; poor 5 0.86 13.56
poor 5 0.52 3.87; good 2 0.08 9.44; good 1 0.06 7.66; good 2 0.13 12.98; poor 5 2.07 419.19
good 1 0.1 27.19; good 2 0.14 22.27; good 2 0.15 9.95; poor 2 0.07 21.22; good 1 0.06 11.73
poor 5 0.77 10.4; good 1 0.05 58.83; good 1 0.09 6.39; poor 2 0.3 11.09; poor 5 0.03 12.22
poor 2 0.09 13.67; good 1 0.04 17.21; poor 4 0.23 22.63; poor 5 0.7 12.9; good 2 0.09 9.7
poor 4 0.27 21.57; poor 4 0.71 8.23; poor 1 0.08 72.57; poor 4 0.26 15.54; good 1 0.08 10.51
good 2 0.16 10.6; good 1 0.09 14.57; poor 4 0.13 5.19; poor 2 0.1 9.63; good 1 0.08 4.61
poor 2 0.11 21.48; good 3 0.33 17.3; good 2 0.11 12.71; good 4 0.28 9.44; good 2 0.07 11.07
good 1 0.1 19.46; good 4 0.32 10.83; poor 5 0.22 5.37; good 1 0.07 11.97; good 1 0.05 7.75
good 5 0.24 9.83; good 4 0.38 10.55; good 2 0.1 28.49; good 2 0.15 8.53; good 1 0.08 12.57
good 1 0.14 12.9; good 1 0.1 46.83; good 3 0.07 11.68; good 1 0.04 12.67; good 2 0.19 9.01
poor 5 0.56 9.57; poor 2 0.14 34.06; poor 2 0.58 11.72; poor 5 0.32 14.26; poor 5 0.82 47.61
poor 5 0.74 11.67; good 2 0.15 24.58; good 4 0.47 10.33; good 4 0.17 13.87; poor 5 0.44 15.89
good 1 0.15 22.43; good 1 0.5 6.79; good 1 0.48 13.45
"""


def asah():
    """The outcome (true is poor) and the three scores, by name."""
    cells = [row.split() for line in _ROWS.strip().splitlines() for row in line.split(";")]
    scores = {
        name: np.array([float(row[i]) for row in cells])
        for i, name in enumerate(("wfns", "s100b", "ndka"), start=1)
    }
    return np.array([row[0] == "poor" for row in cells]), scores
