"""`alarp deid`: the gateway's own de-identification, on files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.progress import track

from alarp.cli import answers
from alarp.identity import Profile, Pseudonyms, deidentify, identifiers_of, scan
from alarp.kernel import AlarpError, BadInput, sha256_hex
from alarp.standards.deidentification import load_profile


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the manifest: what went in, what came out, or why not."""

    source: str
    source_sha256: str
    output: str
    output_sha256: str
    trouble: str


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(p for p in place.rglob("*") if p.is_file())
    elif place.is_file():
        yield place
    else:
        raise BadInput(f"{place} is neither a file nor a folder. Give DICOM files to de-identify.")


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    temporary.write_bytes(data)
    temporary.replace(target)


def _one(file: Path, name: str, out: Path, profile: Profile, pseudonyms: Pseudonyms) -> Line:
    source = file.read_bytes()
    digest = sha256_hex(source)
    try:
        clean = deidentify(source, profile=profile, pseudonyms=pseudonyms)
        leaks = scan(clean.part10, identifiers_of(source))
        if leaks:
            kinds = ", ".join(sorted({leak.kind for leak in leaks}))
            return Line(name, digest, "", "", f"the second scan still finds: {kinds}; nothing was written")
    except AlarpError as error:
        return Line(name, digest, "", "", str(error))
    # The source's own name may carry a patient's: the output is named by its new UID.
    target = f"{clean.study_uid}/{clean.series_uid}/{clean.sop_instance_uid}.dcm"
    _write(out / target, clean.part10)
    return Line(name, digest, target, sha256_hex(clean.part10), "")


def deid(
    source: Path = typer.Argument(..., metavar="IN", help="DICOM file, or folder searched to its depth."),
    out: Path = typer.Argument(
        ..., metavar="OUT", help="Folder for the de-identified copies and manifest.json."
    ),
    key_file: Path = typer.Option(
        ..., help="File with the secret key (32 random bytes or more); keep it safe."
    ),
    key_version: int = typer.Option(1, help="Number of this key, recorded in the manifest."),
    profile: str = typer.Option("", help="Version of the profile; the latest when left out."),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest as JSON."),
) -> None:
    """De-identify files to the PS3.15 Basic Profile. Leaves with 1 when a file was not cleaned, and names it."""
    try:
        key = key_file.read_bytes()
    except OSError:
        raise BadInput(
            f"The key file {key_file} cannot be read. Make one with: head -c 32 /dev/urandom > {key_file.name}"
        ) from None
    chosen = load_profile(profile) if profile else load_profile()
    pseudonyms = Pseudonyms(key, key_version)
    base = source if source.is_dir() else source.parent
    files = list(_files(source))
    if not files:
        raise BadInput(f"{source} holds no files. Give DICOM files to de-identify.")
    lines = [
        _one(file, str(file.relative_to(base)), out, chosen, pseudonyms)
        for file in track(
            files, description="De-identifying", transient=True, disable=as_json or len(files) < 2
        )
    ]
    manifest = {
        "profile": chosen.name,
        "profile_version": chosen.version,
        "key_version": key_version,
        "files": [{name: getattr(line, name) for name in Line.__slots__} for line in lines],
    }
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "manifest.json", json.dumps(manifest, indent=2).encode())
    failed = [line for line in lines if line.trouble]
    if as_json:
        answers.as_json(manifest)
    else:
        typer.echo(f"{len(lines) - len(failed)} of {len(lines)} files de-identified into {out}.")
    for line in failed:
        answers.complain(f"{line.source}: {line.trouble}")
    if failed:
        raise typer.Exit(1)
