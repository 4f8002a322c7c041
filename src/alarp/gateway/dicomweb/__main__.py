"""`python -m alarp.gateway.dicomweb`: serve DICOMweb. Prints one line of JSON when it is ready."""

from __future__ import annotations

import sys
from typing import Any

from alarp.records import boot


def _application() -> Any:
    from alarp.gateway.dicomweb.service import application

    return application


def main() -> int:
    boot()
    from alarp.gateway.serving import Door, serve

    return serve(Door("dicomweb", "DICOMweb", "dicomweb_host", "dicomweb_port", _application))


if __name__ == "__main__":
    sys.exit(main())
