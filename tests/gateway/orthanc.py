"""Debian's Orthanc as the PACS of a test: started, asked through its REST interface, ended."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from throwaway_postgres import free_port

PLUGINS = (Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc"))


def plugin(name: str) -> Path | None:
    """Where does Debian keep this plug-in? None: it is not installed."""
    found = [file for folder in PLUGINS for file in sorted(folder.glob(f"lib{name}.so*"))]
    return found[0] if found else None


class Orthanc:
    """One Orthanc in a folder of its own; `more` are settings as its documentation writes them."""

    def __init__(self, folder: Path, *, aet: str = "PACS", **more: Any) -> None:
        program = shutil.which("Orthanc")
        if program is None:
            raise FileNotFoundError("Orthanc is not installed: apt-get install orthanc")
        folder.mkdir(parents=True)
        self.port, self.http = free_port(), free_port()
        settings = {
            "StorageDirectory": str(folder / "store"),
            "IndexDirectory": str(folder / "store"),
            "DicomAet": aet,
            "DicomPort": self.port,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowFind": True,
            "Plugins": [],
        } | more
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=self.log, stderr=self.log
        )
        end = time.monotonic() + 60
        while True:
            try:
                self.get("/system")
                return
            except httpx.HTTPError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def get(self, path: str) -> Any:
        answer = httpx.get(f"http://127.0.0.1:{self.http}{path}", timeout=20)
        answer.raise_for_status()
        return answer.json()

    def instances(self, study_uid: str) -> list[dict[str, Any]]:
        """The tags of every instance that lies under this study."""
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study_uid}}
        found = httpx.post(f"http://127.0.0.1:{self.http}/tools/find", json=query, timeout=20).json()
        return [
            self.get(f"/instances/{one['ID']}/simplified-tags")
            for study in found
            for one in self.get(f"/studies/{study}/instances")
        ]

    def count(self) -> int:
        return len(self.get("/instances"))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
