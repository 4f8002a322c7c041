"""`alarp cost`: read one CASE.yaml, ask the core, print the answer; a report as HTML or PDF where it is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from alarp import __version__
from alarp.cli import answers, stories
from alarp.economics import appraise, read_case, read_text, story
from alarp.kernel import BadInput, sha256_hex
from alarp.standards.economics import load_economics


def cost(
    case: Annotated[Path, typer.Argument(help="The cost case, a YAML file.")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the report as a tagged PDF.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every number on standard output.")] = False,
) -> None:
    """Compute the whole-life cost of a tool from its case. Exit 0 done, 2 bad input."""
    data = stories.read_bytes(case, "case")
    rules = load_economics()
    try:
        found = appraise(read_case(read_text(stories.as_text(case, data)), rules), rules).as_dict()
    except BadInput as error:
        raise BadInput(f"{case.name}: {error}") from error
    if as_json:
        answers.as_json(found)
    else:
        _say(found)
    if html or pdf:
        provenance = [[f"SHA-256 of {case.name}", sha256_hex(data)], ["Computed by", f"alarp {__version__}"]]
        stories.write_report(story(found, provenance=provenance), html, pdf)


def _say(found: dict[str, Any]) -> None:
    told = story(found)
    console = Console(highlight=False)
    console.print(told["title"], style="bold", markup=False)
    console.print(told["lead"], markup=False)
    for table in (told["claims"], *_tables_in(told, "When it pays"), *_tables_in(told, "Recalls")):
        console.print()
        console.print(stories.drawn(table))
    console.print()
    for sentence in told["summary"]:
        console.print(sentence, markup=False)
    for warning in told["warnings"]:
        console.print(f"! {warning}", markup=False)


def _tables_in(told: dict[str, Any], heading: str) -> list[dict[str, Any]]:
    section = next(s for s in told["sections"] if s["heading"] == heading)
    return [*(chart["table"] for chart in section["charts"]), *section["tables"]]
