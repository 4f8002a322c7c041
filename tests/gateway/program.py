#!/usr/bin/env python
"""A tool that is a program: `program.py INPUT OUTPUT MODE-FILE`. It reads a folder of DICOM and leaves what its mode says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from pydicom import dcmread


def main() -> int:
    source, output, folder = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    mode = (folder / "mode").read_text().strip()
    with (folder / "runs").open("a") as log:
        log.write(f"{source.parent.name} {mode}\n")
    (folder / "environment").write_text(json.dumps(dict(os.environ)))
    images = [dcmread(file, stop_before_pixels=True) for file in sorted(source.glob("*.dcm"))]
    print(f"{len(images)} images", flush=True)
    if mode.startswith("exit"):
        return int(mode.split()[1])
    if mode == "hang":
        child = subprocess.Popen(["sleep", "600"])
        (folder / "child").write_text(str(child.pid))
        time.sleep(600)
    if mode == "slow":
        time.sleep(1.5)
    if mode == "json":
        from webtool import finding

        (output / "result.json").write_text(json.dumps(finding(images)))
    if mode == "half json":
        (output / "result.json").write_text('{"result_id": ')
    if mode in ("dicom", "slow"):
        from faketool import report

        (output / "deeper").mkdir()
        report(images).save_as(output / "deeper" / "report.dcm", enforce_file_format=True)
        (output / "notes.txt").write_text("not for the PACS")
    if mode == "link":
        (output / "result.dcm").symlink_to(Path(sys.argv[3]) / "mode")
    if mode == "no dicom":
        (output / "result.dcm").write_bytes(b"no DICOM at all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
