"""What does LiverContour draw, and under which name and version?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydicom import Dataset

from alarp.demo.tools.contouring import Organ, contoured
from alarp.demo.tools.livercontour.contour import find_liver
from alarp.demo.tools.results import Maker

LIVER = Organ("Liver", (180, 90, 40), find_liver, ("169070004", "SCT", "CT of abdomen"))


class LiverContour:
    """The tool: a structure set with one ROI, or a report that says why there is none."""

    releases: ClassVar[tuple[str, ...]] = ("1.4.2",)

    def __init__(self, version: str = "1.4.2") -> None:
        self.maker = Maker("LiverContour", version, "Imaginary Contours GmbH")

    def analyse(self, objects: Sequence[Dataset]) -> Dataset:
        """Which result answers this study?"""
        return contoured(self.maker, LIVER, objects)
