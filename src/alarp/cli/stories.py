"""How does a command read one text file, print a story's tables and leave a report behind?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from alarp.cli import answers
from alarp.kernel import BadInput, Unavailable


def read_bytes(path: Path, what: str) -> bytes:
    """What stands in this file? `what` names it in the sentence, such as 'case'."""
    if not path.is_file():
        raise BadInput(f"The {what} '{path}' does not exist; give the path of a YAML file.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"The {what} '{path}' cannot be read ({error.strerror}).") from error


def as_text(path: Path, data: bytes) -> str:
    """Which text do these bytes hold? UTF-8 or a sentence."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text; save it as a plain text file in UTF-8.") from error


def drawn(table: Mapping[str, Any]) -> Table:
    """How does a story's table look in a terminal?"""
    shown = Table(title=table["caption"], title_justify="left", caption=table["note"] or None, box=None)
    shown.caption_justify = "left"
    for number, column in enumerate(table["columns"]):
        shown.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in table["rows"]:
        shown.add_row(*row)
    return shown


def write_report(story: Mapping[str, Any], html: Path | None, pdf: Path | None) -> None:
    """Leave the story behind as one HTML file, as a tagged PDF, or both."""
    from alarp.report import document, to_html, to_pdf  # drawing loads slowly: only where it is wanted

    page = to_html(document(story))
    if html:
        _write(html, page.encode("utf-8"))
    if pdf:
        try:
            _write(pdf, to_pdf(page))
        except Unavailable as missing:
            answers.complain(str(missing))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(f"'{path}' cannot be written ({error.strerror}); choose another place.") from error
    print(f"Written: {path}", file=sys.stderr)
