"""`alarp deid`: the gateway's own de-identification, on files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from alarp.cli import answers
from alarp.cli.deidentifying import many
from alarp.cli.deidentifying.one import CLEANED, REFUSED, SKIPPED, Line, Pictures, Work
from alarp.identity import OPTIONS, Pseudonyms
from alarp.kernel import BadInput
from alarp.standards.deidentification import LATEST, load_named, load_profile, load_profiles


def _list_profiles(wanted: bool) -> None:
    if not wanted:
        return
    for profile in load_profiles():
        typer.echo(f"{profile.name} (version {profile.version}): {profile.purpose}")
        for option in profile.options:
            typer.echo(f"    {option} ({OPTIONS[option][0]}, {OPTIONS[option][1]})")
    raise typer.Exit


def _pseudonyms(key_file: Path, version: int, out: Path) -> Pseudonyms:
    """The names under the key in this file, which must be its owner's alone and must not travel with the copies."""
    try:
        key = key_file.read_bytes()
        mode = key_file.stat().st_mode
    except OSError:
        raise BadInput(
            f"The key file {key_file} cannot be read. Make one with: alarp keys make {key_file.name}"
        ) from None
    if out.resolve() in key_file.resolve().parents:
        raise BadInput(f"The key file lies in {out}, where the copies go; keep it where they never travel.")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(f"Others can read the key file {key_file}; run chmod 600 on it.")
    return Pseudonyms(key, version)


def _report(lines: list[tuple[Path, Line]], base: Path, out: Path, *, quiet: bool) -> None:
    """Say how many, and name each file that was not cleaned."""
    cleaned = sum(line.state == CLEANED for _, line in lines)
    if not quiet:
        typer.echo(f"{cleaned} of {len(lines)} files de-identified into {out}.")
    for file, line in lines:
        if line.state == REFUSED:
            answers.complain(f"{file.relative_to(base)}: {line.trouble}")
        elif line.state == SKIPPED:
            answers.complain(f"{file.relative_to(base)} was skipped: {line.trouble}.")


def deid(
    source: Path = typer.Argument(..., metavar="IN", help="DICOM file, or folder searched to its depth."),
    out: Path = typer.Argument(..., metavar="OUT", help="Folder for the copies and the manifest."),
    key_file: Path = typer.Option(
        ..., help="File with the secret key (32 random bytes or more); keep it safe, readable by you alone."
    ),
    key_version: int = typer.Option(1, help="Number of this key, recorded in the manifest."),
    profile: str = typer.Option("basic", help="Name of the profile; --profiles lists them."),
    option: list[str] = typer.Option([], help="One more option of PS3.15, such as retain-device-identity."),
    edition: str = typer.Option(LATEST, help="Edition of the standard's table."),
    jobs: int = typer.Option(1, min=0, help="How many files at a time; 0: as many as there are processors."),
    pictures: Pictures = typer.Option(
        Pictures.HOLD,
        help="Pictures that machines draw names into: refuse them, blank all text (extra ocr), or take them as they are "
        "because you have looked at each.",
    ),
    names: Path = typer.Option(
        None, help="Also write, for you alone, which file had which digest. Holds the paths: keep it safe."
    ),
    profiles: bool = typer.Option(
        False, "--profiles", is_eager=True, callback=_list_profiles, help="List the profiles and end."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest as JSON."),
) -> None:
    """De-identify files by PS3.15. Leaves with 1 when a file was not cleaned, and names it.

    The copies are named by their new UIDs, the manifest names no source. Run it again, and it goes on where it ended.
    """
    named, chosen = load_named(profile, edition=edition)
    if option:
        chosen = load_profile(edition, options=(*chosen.options, *option))
    work = Work(chosen, _pseudonyms(key_file, key_version, out), out, pictures)
    files = many.found(source, out)
    if not files:
        raise BadInput(f"{source} holds no files. Give DICOM files to de-identify.")
    settings = many.Settings.of(named, work)
    with Progress(
        console=Console(stderr=True), transient=True, disable=as_json or len(files) < 2
    ) as progress:
        bar = progress.add_task("De-identifying", total=len(files))
        lines = many.run(
            files, work, settings, jobs=jobs or os.cpu_count() or 1, tell=lambda: progress.advance(bar)
        )
    made = many.manifest(lines, settings)
    many.write_manifest(out, made)
    if names:
        many.write_names(names, lines)
    if as_json:
        answers.as_json(made)
    _report(lines, source if source.is_dir() else source.parent, out, quiet=as_json)
    if any(line.state == REFUSED for _, line in lines):
        raise typer.Exit(1)
