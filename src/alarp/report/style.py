"""How does every chart of the house look? Colours, font, axes: shared by all forms of charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

BLUE, RED, GREY = "#005eb8", "#d5281b", "#4c6272"
INK, PALE = "#212b32", "#e8edee"
FONT = "Liberation Sans, Arial, DejaVu Sans, sans-serif"  # drawn with the first that exists
Spec = dict[str, Any]
Row = Mapping[str, Any]


def data(rows: Sequence[Row]) -> Any:
    """These rows as a chart's own data: nothing is fetched."""
    return alt.Data(values=[dict(row) for row in rows])


def spec(chart: Any) -> Spec:
    """The specification of this chart in the house's look."""
    styled = chart.configure(font=FONT, background="#ffffff").configure_axis(
        labelColor=INK, titleColor=INK, gridColor=PALE, labelFontSize=12, titleFontSize=13
    )
    made: Spec = styled.configure_view(stroke=None).to_dict()
    return made
