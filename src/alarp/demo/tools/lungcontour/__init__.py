"""LungContour 0.9.0: where are the lungs on this CT? A fictional product that really computes, and too simply."""

from alarp.demo.tools.lungcontour.tool import LungContour

__all__ = ["LungContour"]
