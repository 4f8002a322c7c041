"""Which voxels are lung? Everything thin enough that does not reach the picture's edge: a plain threshold.

It knows nothing of anatomy. Gas in stomach and bowel, the trachea, air in a fold of the skin are as thin as
lung and are drawn as lung; a consolidated lobe is as dense as muscle and is not.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from alarp.demo.tools.ct import Grid, Mask, Volume
from alarp.demo.tools.results import CannotAnalyse

AIR_BELOW_HU = -400.0
LEAST_PIECE_ML = 5.0


def find_lungs(hu: Volume, grid: Grid) -> Mask:
    """Where are the lungs, as far as a threshold can tell? Raises CannotAnalyse when nothing is left."""
    labels, count = ndimage.label(hu < AIR_BELOW_HU)
    volumes_ml = np.bincount(labels.ravel(), minlength=count + 1) * grid.voxel_ml
    kept = volumes_ml >= LEAST_PIECE_ML
    kept[0] = False
    kept[reaching_the_edge(labels)] = False
    if not kept.any():
        raise CannotAnalyse("NO-LUNGS", "no air was found inside the body")
    return np.asarray(kept[labels])


def reaching_the_edge(labels: np.ndarray) -> np.ndarray:
    """Which pieces touch the border of a slice? They are the room around the patient."""
    sides = (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])
    return np.unique(np.concatenate([side.ravel() for side in sides]))
