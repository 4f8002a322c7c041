"""LiverContour 1.4.2: where is the liver on this CT? A fictional product that really computes."""

from alarp.demo.tools.livercontour.tool import LiverContour

__all__ = ["LiverContour"]
