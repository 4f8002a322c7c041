"""`alarp plan`: how many cases must a study enrol, and how sure can it be?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from alarp import __version__
from alarp.cli import answers, stories
from alarp.evaluation.planning import parse_plan, pilot_file, work_out
from alarp.evaluation.planning.report import story
from alarp.kernel import BadInput, sha256_hex


def plan(
    file: Annotated[
        Path, typer.Argument(help="A YAML file with a field 'plan': a protocol, or a plan alone.")
    ],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the plan as a tagged PDF.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the plan as one HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every number on standard output.")] = False,
) -> None:
    """Work out how many cases, and readers, a study needs. Exit 0 done, 2 bad input."""
    data = stories.read_bytes(file, "plan")
    try:
        values = yaml.safe_load(stories.as_text(file, data))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise BadInput(f"{file.name} is not readable YAML{where}; correct it.") from error
    pilot, seen = _pilot(file, values)
    found = work_out(parse_plan(values, pilot=pilot))
    told = story(
        found,
        provenance=[
            [f"SHA-256 of {file.name}", sha256_hex(data)],
            *seen,
            ["Computed by", f"alarp {__version__}"],
        ],
    )
    if as_json:
        answers.as_json(found)
    else:
        console = Console(highlight=False)
        console.print(told["title"], style="bold", markup=False)
        console.print(stories.drawn(told["claims"]))
        for sentence in (*told["summary"], *(f"! {w}" for w in told["warnings"])):
            console.print(sentence, markup=False)
    if html or pdf:
        stories.write_report(told, html, pdf)


def _pilot(file: Path, values: Any) -> tuple[Any, list[list[str]]]:
    """What did the pilot find that the plan names, and which file was it? Looked for beside the plan."""
    named = pilot_file(values)
    if named is None:
        return None, []
    data = stories.read_bytes(file.parent / named, "pilot")
    try:
        return json.loads(data), [[f"SHA-256 of {named}", sha256_hex(data)]]
    except ValueError as error:
        raise BadInput(f"The pilot '{named}' is not JSON; name the result.json of a reader study.") from error
