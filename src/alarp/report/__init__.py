"""How does a finding look on paper and on a page? Charts, documents, HTML and tagged PDF."""

from alarp.report.charts import bars, draw, draw_nothing, forest, roc, to_svg
from alarp.report.document import Document, Figure, Section, Table, document
from alarp.report.html import to_html
from alarp.report.pdf import load, to_pdf

__all__ = [
    "Document",
    "Figure",
    "Section",
    "Table",
    "bars",
    "document",
    "draw",
    "draw_nothing",
    "forest",
    "load",
    "roc",
    "to_html",
    "to_pdf",
    "to_svg",
]
