"""Does the tool find the diseased and leave the healthy alone? Detection and triage."""

from alarp.evaluation.detection.cases import Cases, parse_cases
from alarp.evaluation.detection.measures import MEASURES, evaluate
from alarp.evaluation.detection.protocol import DetectionProtocol, parse
from alarp.evaluation.detection.report import story

__all__ = ["MEASURES", "Cases", "DetectionProtocol", "evaluate", "parse", "parse_cases", "story"]
