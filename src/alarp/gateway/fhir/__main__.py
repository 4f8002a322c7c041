"""`python -m alarp.gateway.fhir`: take FHIR R4 in over HTTP. Prints one line of JSON when it is ready."""

from __future__ import annotations

import sys
from typing import Any

from alarp.records import boot


def _application() -> Any:
    from alarp.gateway.fhir.service import application

    return application


def main() -> int:
    boot()
    from alarp.gateway.serving import Door, serve

    return serve(Door("fhir", "FHIR", "fhir_host", "fhir_port", _application))


if __name__ == "__main__":
    sys.exit(main())
