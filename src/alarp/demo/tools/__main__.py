"""`python -m alarp.demo.tools noduleflag --ae NODULEFLAG --port 0 ...`: run one tool as a process."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from alarp.demo.tools.service import Product, Service, Settings, Tool

TOOLS = ("noduleflag", "livercontour", "lungcontour")
FAULTS = ("wrong-patient-once",)


def product(name: str) -> type[Product]:
    """Which tool goes by this name? Only that one is loaded."""
    if name == "noduleflag":
        from alarp.demo.tools.noduleflag import NoduleFlag

        return NoduleFlag
    if name == "lungcontour":
        from alarp.demo.tools.lungcontour import LungContour

        return LungContour
    from alarp.demo.tools.livercontour import LiverContour

    return LiverContour


def make(name: str, version: str = "") -> Tool:
    """Which tool is this, in this release? The first one known when none is asked for. Raises ValueError."""
    kind = product(name)
    version = version or kind.releases[0]
    if version not in kind.releases:
        raise ValueError(
            f"{name} has no release {version}. Give --version one of {', '.join(kind.releases)}."
        )
    return kind(version)


def arguments() -> argparse.ArgumentParser:
    """What can be asked of a tool at its start?"""
    parser = argparse.ArgumentParser(prog="python -m alarp.demo.tools", description=__doc__)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--version", default="", help="release to run (default: the oldest that is known)")
    parser.add_argument("--ae", help="AE title of the tool (default: its name)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--return-host", default="127.0.0.1")
    parser.add_argument("--return-port", type=int, required=True)
    parser.add_argument("--return-aet", default="ALARP")
    parser.add_argument("--folder", type=Path, help="spool that survives a restart (default: temporary)")
    parser.add_argument(
        "--quiet-s", type=float, default=1.0, help="a study is complete after so many seconds"
    )
    parser.add_argument("--fault", choices=FAULTS, default="", help="misbehave once, for a demonstration")
    return parser


def main() -> None:
    """Run the tool until it is told to stop."""
    parser = arguments()
    given = parser.parse_args()
    try:
        tool = make(given.tool, given.version)
    except ValueError as unknown:
        parser.error(str(unknown))
    folder = given.folder or Path(tempfile.mkdtemp(prefix=f"{given.tool}-"))
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        ae_title=given.ae or given.tool.upper(),
        port=given.port,
        return_host=given.return_host,
        return_port=given.return_port,
        return_aet=given.return_aet,
        folder=folder,
        quiet_s=given.quiet_s,
        fault=given.fault,
        host=given.host,
    )
    Service(tool, settings).run()


if __name__ == "__main__":
    main()
