"""A real container for a test: Debian's Podman, an image of one static program made on the spot, no network needed."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

# What is inside the image: no library and no interpreter but BusyBox. It reads explicit VR little endian.
READER = r"""#!/bin/sh
[ "$(cat /mode)" = hang ] && sleep 600
value() {  # of one element: its tag and VR in hexadecimal, as they lie in the file
    at=$(echo "$hex" | awk -v tag="$1" '{ print index($0, tag) }')
    bytes=$((0x$(echo "$hex" | cut -c$((at + 12))-$((at + 13)))))
    echo "$hex" | cut -c$((at + 16))-$((at + 15 + 2 * bytes)) | xxd -r -p | tr -d '\0 '
}
for file in "$1"/*.dcm; do
    hex=$(xxd -p "$file" | tr -d '\n')
    images="$images${images:+, }\"$(value 080018005549)\""
done
links=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \n')
written=$( (touch /mark "$1/mark") 2>&1 | grep -c 'Read-only file system')
cat > "$2/result.json" <<END
{"result_id": "reading-1", "study_uid": "$(value 20000d005549)", "patient_id": "$(value 100020004c4f)",
 "accession": "$(value 080050005348)", "images": [$images], "made_at": "2026-06-03T14:05:00+01:00",
 "algorithm": {"name": "Box", "version": "1", "manufacturer": "BusyBox"},
 "statements": [{"name": "Decision", "says": "links $links; refused $written"}]}
END
"""


class Engine:
    """Podman with a store of its own, and the image `reader:MODE`."""

    def __init__(self, folder: Path) -> None:
        podman, box = shutil.which("podman"), shutil.which("busybox")
        if podman is None or box is None:
            pytest.skip("no container engine: apt-get install podman runc busybox-static")
        (folder / "containers.conf").write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=20000:20000"]\n'  # none that has to be raised
        )
        runtime = shutil.which("runc", path="/usr/sbin:/usr/bin")
        options = (
            f"--root {folder}/store --runroot {folder}/run --storage-driver vfs --cgroup-manager cgroupfs"
        )
        self.program = folder / "podman"
        self.program.write_text(
            f"#!/bin/sh\nexport CONTAINERS_CONF={folder}/containers.conf\n"
            f'exec {podman} {options} --events-backend file {f"--runtime {runtime}" if runtime else ""} "$@"\n'
        )
        self.program.chmod(0o755)
        self._box, self._folder = Path(box), folder

    def image(self, mode: str) -> str:
        """Make the image whose reader is in this mode; answers its name."""
        with tarfile.open(self._folder / f"{mode}.tar", "w") as tar:
            for place in ("bin", "input", "output", "tmp"):
                entry = tarfile.TarInfo(place)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            tar.add(self._box, "bin/busybox")
            for name in ["sh", "cat", "sleep", "awk", "cut", "xxd", "tr", "tail", "touch", "grep"]:
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
            for name, text in (("read", READER), ("../mode", mode)):
                entry = tarfile.TarInfo(f"bin/{name}".replace("bin/../", ""))
                entry.size, entry.mode = len(text), 0o755
                tar.addfile(entry, io.BytesIO(text.encode()))
        self.run("import", str(self._folder / f"{mode}.tar"), f"reader:{mode}")
        return f"reader:{mode}"

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [str(self.program), *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def trouble(self) -> str:
        """Why can nothing be run here? Empty: it can."""
        try:
            self.run("run", "--rm", "--network", "none", self.image("try"), "/bin/cat", "/mode")
        except AssertionError as error:
            return str(error)
        return ""

    def left(self) -> list[str]:
        """The containers that are there, running or not."""
        return self.run("ps", "--all", "--quiet").split()
