"""What does a report consist of? Sections of paragraphs, tables and figures, told by a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.report.charts import draw


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, column headings and rows of text; the first cell of a row heads it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, what it shows in words, and the same numbers as a table."""

    title: str
    description: str
    svg: str
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands under it."""

    heading: str
    paragraphs: tuple[str, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A report: the first page for a board member, the sections for who checks it, and where it comes from."""

    title: str
    lead: str
    warnings: tuple[str, ...]
    summary: tuple[str, ...]
    claims: Table
    sections: tuple[Section, ...]
    provenance: tuple[tuple[str, str], ...]
    mark: str = ""  # what stands on every page, such as that the numbers are exploratory


def document(story: Mapping[str, Any]) -> Document:
    """Which document tells this story? Draws every chart of it."""
    return Document(
        title=story["title"],
        lead=story["lead"],
        warnings=tuple(story["warnings"]),
        summary=tuple(story["summary"]),
        claims=_table(story["claims"]),
        sections=tuple(_section(section) for section in story["sections"]),
        provenance=tuple((str(name), str(value)) for name, value in story["provenance"]),
        mark=story.get("mark", ""),
    )


def _section(section: Mapping[str, Any]) -> Section:
    return Section(
        heading=section["heading"],
        paragraphs=tuple(section["paragraphs"]),
        figures=tuple(_figure(chart) for chart in section["charts"]),
        tables=tuple(_table(table) for table in section["tables"]),
    )


def _figure(chart: Mapping[str, Any]) -> Figure:
    return Figure(chart["title"], chart["description"], draw(chart), _table(chart["table"]))


def _table(table: Mapping[str, Any]) -> Table:
    rows = tuple(tuple(str(cell) for cell in row) for row in table["rows"])
    return Table(table["caption"], tuple(table["columns"]), rows, table.get("note", ""))
