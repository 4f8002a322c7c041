"""`alarp cost`: read one CASE.yaml, ask the core, print the answer; a report as HTML or PDF where it is wanted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from alarp import __version__
from alarp.cli import answers
from alarp.economics import appraise, read_case, read_text, story
from alarp.kernel import BadInput, Unavailable, sha256_hex
from alarp.standards.economics import load_economics


def cost(
    case: Annotated[Path, typer.Argument(help="The cost case, a YAML file.")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the report as a tagged PDF.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every number on standard output.")] = False,
) -> None:
    """Compute the whole-life cost of a tool from its case. Exit 0 done, 2 bad input."""
    data = _read(case)
    rules = load_economics()
    try:
        found = appraise(read_case(read_text(_text(case, data)), rules), rules).as_dict()
    except BadInput as error:
        raise BadInput(f"{case.name}: {error}") from error
    if as_json:
        answers.as_json(found)
    else:
        _say(found)
    if html or pdf:
        _report(found, [[f"SHA-256 of {case.name}", sha256_hex(data)]], html, pdf)


def _read(case: Path) -> bytes:
    if not case.is_file():
        raise BadInput(f"The case '{case}' does not exist; give the path of a YAML file.")
    try:
        return case.read_bytes()
    except OSError as error:
        raise BadInput(f"The case '{case}' cannot be read ({error.strerror}).") from error


def _text(case: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{case.name} is not UTF-8 text; save it as a plain text file in UTF-8.") from error


def _say(found: dict[str, Any]) -> None:
    told = story(found)
    console = Console(highlight=False)
    console.print(told["title"], style="bold", markup=False)
    console.print(told["lead"], markup=False)
    for table in (told["claims"], *_tables_in(told, "When it pays"), *_tables_in(told, "Recalls")):
        console.print()
        console.print(_drawn(table))
    console.print()
    for sentence in told["summary"]:
        console.print(sentence, markup=False)
    for warning in told["warnings"]:
        console.print(f"! {warning}", markup=False)


def _tables_in(told: dict[str, Any], heading: str) -> list[dict[str, Any]]:
    section = next(s for s in told["sections"] if s["heading"] == heading)
    return [*(chart["table"] for chart in section["charts"]), *section["tables"]]


def _drawn(table: dict[str, Any]) -> Table:
    drawn = Table(title=table["caption"], title_justify="left", caption=table["note"] or None, box=None)
    drawn.caption_justify = "left"
    for number, column in enumerate(table["columns"]):
        drawn.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in table["rows"]:
        drawn.add_row(*row)
    return drawn


def _report(found: dict[str, Any], provenance: list[list[str]], html: Path | None, pdf: Path | None) -> None:
    from alarp.report import (  # drawing loads slowly; a bad case should not wait for it
        document,
        to_html,
        to_pdf,
    )

    page = to_html(document(story(found, provenance=[*provenance, ["Computed by", f"alarp {__version__}"]])))
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
