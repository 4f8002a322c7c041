"""What must hold at a gate besides evidence: complete alarm rules, a computed review, a finished retirement?"""

from alarp.records.watch.retirement import retirement_complete
from alarp.records.watch.reviews import review_computed
from alarp.records.watch.rules import alarm_rules_complete

__all__ = ["alarm_rules_complete", "retirement_complete", "review_computed"]
