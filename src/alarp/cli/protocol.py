"""`alarp protocol`: begin one from a national template, read it in plain English, lock it, use it again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alarp.cli import answers
from alarp.cli.evaluating import OPENINGS, files, locks, summaries
from alarp.cli.evaluating.keys import key_for
from alarp.evaluation import KindProtocol, adapt, parse_protocol, write_text
from alarp.evaluation.explaining import explain
from alarp.evaluation.openings import altered_sentence, broken_links
from alarp.kernel import BadInput

app = typer.Typer(
    help="Protocols of evaluations: templates, a check in plain English, locks, and a second product.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
ProtocolFile = Annotated[Path, typer.Argument(help="The protocol, a YAML file.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="Ed25519 private key (PEM); else the organisation's, else one of your own."),
]


@app.command("templates")
def templates(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the national templates."""
    from alarp.standards.evaluation import load_templates

    found = load_templates()
    if as_json:
        answers.as_json(
            [{"name": t.name, "kind": t.kind, "version": t.version, "purpose": t.purpose} for t in found]
        )
        return
    width = max(len(t.name) for t in found)
    for template in found:
        typer.echo(f"{template.name:<{width}}  {template.purpose}")


@app.command("new")
def new(
    template: Annotated[str, typer.Argument(help="A template's name (`alarp protocol templates`).")],
    out: Annotated[Path, typer.Argument(help="The protocol to write, a YAML file that does not exist yet.")],
) -> None:
    """Begin a protocol from a national template; what is to be filled in stands in <angle brackets>."""
    from alarp.standards.evaluation import load_template

    found = load_template(template)
    _write_new(out, f"{found.text.rstrip()}\nbegun_at: '{locks.now()}'\n")
    typer.echo(
        f"{out} is a protocol of the template {found.name} {found.version}. Fill in what stands in <…>, then:"
    )
    typer.echo(f"  alarp protocol check {out}")


@app.command("check")
def check(
    file: ProtocolFile,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print sentences, warnings and gaps as JSON.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with 1 when something that it must say is missing.")
    ] = False,
) -> None:
    """Say in plain English what the protocol tests and promises, and what it leaves open."""
    protocol = parse_protocol(files.read_protocol(file))
    found = explain(protocol)
    if as_json:
        answers.as_json(found.as_dict() | {"lock": _lock_sentence(protocol, file)})
    else:
        for sentence in found.sentences:
            typer.echo(f"- {sentence}")
        for sentence in found.warnings:
            typer.echo(f"! {sentence}")
        if found.gaps:
            typer.echo("Missing:")
        for gap in found.gaps:
            typer.echo(f"  {gap.level:<6}  {gap.field}: {gap.sentence}")
        typer.echo(_lock_sentence(protocol, file))
    if strict and any(gap.level == "must" for gap in found.gaps):
        raise typer.Exit(1)


def _lock_sentence(protocol: KindProtocol, file: Path) -> str:
    existing = locks.read_lock(file)
    if existing is None:
        return "Not locked: a run would be exploratory. Lock it with `alarp protocol lock` before the truth is read."
    altered = altered_sentence(broken_links(files.read_lines(file.parent / OPENINGS)))
    state = "locked" if existing.current.hash == protocol.common.hash else "CHANGED since it was locked"
    times = sum(
        row is None or row.get("protocol") == existing.current.hash
        for row in files.read_rows(file.parent / OPENINGS)
    )
    return (
        f"Version {existing.current.version} is {state} (on {existing.current.locked_at}, key {existing.key[:12]}…); "
        f"run {times} time{'s' * (times != 1)} since." + (f"\n! {altered}" if altered else "")
    )


@app.command("lock")
def lock(
    protocols: Annotated[list[Path], typer.Argument(help="The protocols, YAML files.")],
    key: KeyFile = None,
) -> None:
    """Fix a protocol: its hash, sealed with a key, in P.lock.json beside it. Do it before the truth is read."""
    parsed = [(file, parse_protocol(files.read_protocol(file))) for file in protocols]
    for file, protocol in parsed:
        unfilled = explain(protocol).placeholders
        if unfilled:
            raise BadInput(
                f"{file.name} cannot be locked: {len(unfilled)} field(s) still hold a placeholder, the first is "
                f"'{unfilled[0].field}'. {unfilled[0].sentence}"
            )
    chosen = key_for(key)
    for file, protocol in parsed:
        held, fresh = locks.put_lock(protocol.common, file, chosen)
        if fresh:
            typer.echo(
                f"Locked: {protocol.common.title}, version {held.current.version}, hash {held.current.hash[:12]}…, with "
                f"{chosen.whose} ({held.key[:12]}…), in {locks.lock_path(file)}."
            )
        else:
            typer.echo(f"{file} has been locked since {held.current.locked_at}; nothing was changed.")
        for sentence in (_time_taken(protocol, held.current.locked_at), _open_gaps(protocol)):
            if sentence:
                typer.echo(sentence)


def _open_gaps(protocol: KindProtocol) -> str:
    missing = [gap.field for gap in explain(protocol).gaps if gap.level == "must"]
    return (
        f"It still does not say: {', '.join(missing)} (`alarp protocol check` tells more)." if missing else ""
    )


def _time_taken(protocol: KindProtocol, locked_at: str) -> str:
    """How long did it take to set up, and how long the one it was adapted from?"""
    common = protocol.common
    taken = _minutes(common.begun_at, locked_at)
    if taken is None:
        return ""
    before = (common.adapted_from or {}).get("set_up_min")
    text = f"Set up in {taken} min"
    return text + (f"; the protocol it was adapted from took {before} min." if before is not None else ".")


def _minutes(begun: str, ended: str) -> int | None:
    try:
        return round((datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() / 60)
    except (ValueError, TypeError):
        return None


@app.command("adapt")
def adapt_to(
    file: ProtocolFile,
    product: Annotated[str, typer.Option("--product", help="Name of the second product.")],
    version: Annotated[str, typer.Option("--version", help="Its version.")],
    cases: Annotated[
        str | None, typer.Option("--cases", help="Its table of cases, beside the new protocol.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The protocol to write; default P-PRODUCT-VERSION.yaml.")
    ] = None,
) -> None:
    """Write the protocol of a second product by the same plan: one command, everything that was fixed stays fixed."""
    values = files.read_protocol(file)
    protocol = parse_protocol(values)
    changed = adapt(values, name=product, version=version, begun_at=locks.now(), cases=cases)
    existing = locks.read_lock(file)
    taken = _minutes(protocol.common.begun_at, existing.current.locked_at) if existing else None
    if taken is not None:
        changed["adapted_from"]["set_up_min"] = taken
    second = parse_protocol(changed)
    place = out or file.with_name(f"{file.stem}-{_slug(product)}-{_slug(version)}.yaml")
    _write_new(place, write_text(changed))
    carried = [name for name in _CARRIED if name in values]
    same = "the same plan" if second.common.plan_hash == protocol.common.plan_hash else "a changed plan"
    typer.echo(f"{place}: {changed['title']} ({same}).")
    typer.echo(f"Carried over: {', '.join(carried)}.")
    typer.echo(f"Set anew: title, version, product{', cases' if cases else ''}.")
    left = [] if cases else [f"the table of cases is still '{values.get('cases', '')}' (--cases)"]
    if "threshold" in values:
        left.append(f"the threshold is still {values['threshold']}: set the second product's own")
    for sentence in left:
        typer.echo(f"Look at: {sentence}.")


@app.command("sign")
def sign(
    folder: Annotated[Path, typer.Argument(help="The output folder of `alarp evaluate`.")],
    site: Annotated[str, typer.Option("--site", help="The site's name, as others will read it.")],
    key: KeyFile = None,
) -> None:
    """Seal what may leave the site: counts, measures and claims of a result, without any case."""
    chosen = key_for(key)
    place = summaries.put_summary(folder, site, chosen)
    typer.echo(f"{place}: sealed with {chosen.whose}. It holds no case and no file name.")


@app.command("compare")
def compare(
    sealed: Annotated[list[Path], typer.Argument(help="Two or more summaries (`alarp protocol sign`).")],
) -> None:
    """Lay sealed summaries of one plan side by side: sites, versions or products. Refuses different plans."""
    read = [summaries.read_summary(path) for path in sealed]
    rows = summaries.side_by_side([said for said, _ in read])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for said, keyid in read:
        locked = (
            "exploratory" if said["protocol"]["exploratory"] else f"locked {said['protocol']['locked_at']}"
        )
        typer.echo(
            f"{said['site']}: sealed with key {keyid[:12]}…, protocol {said['protocol']['hash'][:12]}…, {locked}."
        )


_CARRIED = (
    "kind", "intended_use", "population", "unit", "reference_standard", "design", "evidence", "columns", "positive",
    "negative", "higher_means", "threshold", "structures", "tolerance_mm", "tolerance", "acceptance", "margin",
    "analysis", "subgroups", "minimum_n", "gap_margin", "prevalence", "claims", "failure_rule", "level",
)  # fmt: skip


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c in "._" else "-" for c in text.lower()).strip("-")


def _write_new(place: Path, text: str) -> None:
    if place.exists():
        raise BadInput(f"{place} exists already: choose another name, so that no protocol is overwritten.")
    if not place.parent.is_dir():
        raise BadInput(f"The folder of {place} does not exist: make it first.")
    files.write_whole(place, text.encode("utf-8"))
