"""What does LungContour draw, and under which name and version?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydicom import Dataset

from alarp.demo.tools.contouring import Organ, contoured
from alarp.demo.tools.lungcontour.threshold import find_lungs
from alarp.demo.tools.results import Maker

LUNGS = Organ("Lungs", (90, 150, 210), find_lungs, ("169069000", "SCT", "CT of chest"))


class LungContour:
    """The tool: a structure set with both lungs as one ROI, or a report that says why there is none."""

    releases: ClassVar[tuple[str, ...]] = ("0.9.0",)

    def __init__(self, version: str = "0.9.0") -> None:
        self.maker = Maker("LungContour", version, "Bold Claims AI Ltd")

    def analyse(self, objects: Sequence[Dataset]) -> Dataset:
        """Which result answers this study?"""
        return contoured(self.maker, LUNGS, objects)
