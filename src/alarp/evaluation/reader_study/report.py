"""What does the report on a reader study say?"""

from __future__ import annotations

from alarp.evaluation import mixed, pieces, reference_readings
from alarp.evaluation.mrmc import telling
from alarp.evaluation.pieces import Row, Story
from alarp.evaluation.reader_study import debrief


def story(result: Row) -> Story:
    """Which story does a reader study tell, to a board member first and a statistician after?"""
    charts = [telling.roc_chart(result), telling.froc_chart(result), telling.wafroc_chart(result)]
    drawn = [chart for chart in charts if chart is not None]
    sections = [
        telling.arms_section(result),
        telling.differences_section(result),
        telling.readers_section(result),
        pieces.section("Curves", charts=drawn) if drawn else None,
        telling.subgroups_section(result),
        mixed.case_mix(result),
        *debrief.sections(result),
        telling.variation_section(result),
        reference_readings.section(result),
    ]
    return pieces.frame(
        result,
        summary=[*telling.summary(result), *debrief.sentences(result)],
        sections=[s for s in sections if s is not None],
    )
