"""NoduleFlag: is there a lung nodule on this chest film? A fictional product that really computes."""

from alarp.demo.tools.noduleflag.tool import NoduleFlag

__all__ = ["NoduleFlag"]
