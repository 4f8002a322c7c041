"""`alarp monitor`: has anything moved? The page's answer in a shell, events from a file, a chart of any series."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from alarp.cli import answers
from alarp.kernel import BadInput


class _OrDeployment(TyperGroup):
    """`alarp monitor noduleflag-riverside` means `alarp monitor show noduleflag-riverside`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    cls=_OrDeployment,
    help="Has anything moved at a tool in use? `alarp monitor DEPLOYMENT` is `alarp monitor show DEPLOYMENT`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
SHAPES = {"steady": "●", "look": "◆", "moved": "▲", "too few": "○"}


@app.callback()
def _room() -> None:
    """Has anything moved at a tool in use?"""


def _deployment(slug: str) -> Any:
    from alarp.records import boot

    boot()
    from alarp.records.deployments.models import Deployment

    found = Deployment.objects.select_related("version__product", "site").filter(slug=slug).first()
    if found is None:
        known = (
            ", ".join(Deployment.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        )
        raise BadInput(f"There is no deployment {slug!r}; there are {known}.")
    return found


@app.command()
def show(
    deployment: str = typer.Argument(..., help="The deployment's slug."),
    days: int = typer.Option(30, min=1, max=3660, help="How many days to look back."),
    as_json: bool = typer.Option(False, "--json", help="Print every reading with its numbers as JSON."),
) -> None:
    """Say what every monitor says. Leaves with 3 when something has moved or the data are stale."""
    found = _deployment(deployment)
    from alarp.records.monitors.queries import picture

    seen = picture(found, days=days)
    if as_json:
        answers.as_json(
            {
                "deployment": deployment,
                "status": seen.status,
                "headline": seen.headline,
                "fresh": seen.fresh,
                "freshness": seen.freshness,
                "first": seen.first.isoformat(),
                "last": seen.last.isoformat(),
                "compared_with": seen.watched.reference_words,
                "readings": [r for rows in seen.readings.values() for r in rows],
            }
        )
    else:
        typer.echo(f"{found}, {seen.days} days to {seen.last}")
        typer.echo(f"Has anything moved? {seen.headline}")
        for rows in seen.readings.values():
            for r in rows:
                place = "" if r.group == "all" else f"  {r.group}: "
                typer.echo(f"{SHAPES[r.status]} {place or r.monitor + ': '}{r.sentence}")
    if seen.status == "moved":
        raise typer.Exit(3)


@app.command("import")
def import_(
    file: Path = typer.Argument(
        ..., help="CSV or Parquet, one event a row: event_id, at, agreement or outcome …"
    ),
    deployment: str = typer.Option(..., help="The deployment's slug."),
    source: str = typer.Option(
        "reports", help="Who says so: part of each event's name, so that it counts once."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the counts as JSON."),
) -> None:
    """Take events from another system, all or none. Delivered twice, they count once."""
    found = _deployment(deployment)
    from alarp.records.monitors.commands import deliver
    from alarp.records.monitors.delivery import read_events

    done = deliver(found, read_events(file, deployment), source=source, by="alarp monitor import")
    if as_json:
        answers.as_json(done)
    else:
        typer.echo(done.sentence)


@app.command()
def xmr(
    file: Path = typer.Argument(..., help="CSV whose first column names the period."),
    column: str = typer.Option("", help="The column with the values; the second when left out."),
    improvement: str = typer.Option("neither", help="Which way is better: high, low or neither."),
    target: float = typer.Option(None, help="A target, for the assurance icon."),
    rules: str = typer.Option("mdc-2023", help="The reading of 2 of 3: mdc-2023 or plotthedots."),
    fix_after: int = typer.Option(None, help="Set the limits by the first so many points."),
    keep_outliers: bool = typer.Option(
        False, help="Do not screen outlying moving ranges (as the Excel tool)."
    ),
    out: Path = typer.Option(None, help="Write the chart to this file, as SVG."),
    as_json: bool = typer.Option(False, "--json", help="Print points, limits and icons as JSON."),
) -> None:
    """Draw an XmR chart of any series by the NHS rules."""
    from alarp.monitoring import xmr as chart_of

    name, labels, values = _series(file, column)
    if improvement not in ("high", "low", "neither"):
        raise BadInput(f"--improvement is {improvement!r}; take high, low or neither.")
    chart = chart_of(
        values,
        improvement=improvement,  # type: ignore[arg-type]
        target=target,
        rule_set=rules,  # type: ignore[arg-type]
        screen_outliers=not keep_outliers,
        fix_after_n_points=fix_after,
    )
    if out is not None:
        out.write_text(_drawn(chart, name, labels), encoding="utf-8")
    if as_json:
        answers.as_json({"periods": labels, "chart": chart})
        return
    typer.echo(_in_words(chart, name))
    for label, point in zip(labels, chart.points, strict=True):
        if point.flags:
            typer.echo(f"  {label}: {point.value:g}, {'; '.join(point.flags)} ({point.kind})")


def _series(file: Path, column: str) -> tuple[str, list[str], list[float]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(
            f"{file} cannot be read as CSV. Give a file with a heading, one period a row."
        ) from None
    names = list(rows[0]) if rows else []
    name = column or (names[1] if len(names) > 1 else "")
    if name not in names:
        raise BadInput(
            f"{file.name} has no column {name or 'of values'!r}; it has {', '.join(names) or 'no rows'}."
        )
    values = []
    for number, row in enumerate(rows, start=1):
        try:
            values.append(float(row[name]))
        except (TypeError, ValueError):
            raise BadInput(
                f"{file.name}, row {number}: {name} is {row[name]!r}; it must be a number. Leave empty periods out."
            ) from None
    return name, [str(row[names[0]]) for row in rows], values


def _in_words(chart: Any, name: str) -> str:
    from alarp.monitoring.xmr import ASSURANCE_WORDS, RULE_SETS, VARIATION_WORDS

    last = chart.limits
    limits = "no limits" if last.upper is None else f"{last.lower:.4g} to {last.upper:.4g}"
    trial = " (trial limits)" if last.trial else ""
    return (
        f"{name}: {len(chart.points)} points, mean {last.centre:.4g}, {limits}{trial}.\n"
        f"Latest point: {VARIATION_WORDS[chart.variation]}. Target: {ASSURANCE_WORDS[chart.assurance]}.\n"
        f"Rules: {RULE_SETS[chart.rule_set]}."
    )


def _drawn(chart: Any, name: str, labels: list[str]) -> str:
    from alarp.report.control_charts import Mark, Stretch, control_chart

    return control_chart(
        [Mark(label, p.value, p.kind, p.side) for label, p in zip(labels, chart.points, strict=True)],
        [Stretch(s.start, s.stop, s.centre, s.upper, s.lower, s.trial) for s in chart.stretches],
        title=f"XmR chart of {name}",
        description=_in_words(chart, name),
        unit=name,
        target=chart.target,
        width=860,
        height=360,
        floor_at=0.0 if min(p.value for p in chart.points) >= 0 else None,
    )
