"""`python -m alarp.gateway.fhir`: take FHIR R4 in over HTTP. Prints one line of JSON when it is ready."""

from __future__ import annotations

import sys

from alarp.records import boot


def main() -> int:
    boot()
    from alarp.gateway.serving import serve
    from alarp.kernel import BadInput
    from alarp.records.configuration import configuration
    from alarp.records.messages.reading.issuers import Issuers

    try:
        Issuers.read(configuration().fhir_issuers)  # must not wait for the first resource
    except BadInput as error:
        print(f"The FHIR service does not start: {error}", file=sys.stderr)
        return 1
    return serve("fhir", "FHIR")


if __name__ == "__main__":
    sys.exit(main())
