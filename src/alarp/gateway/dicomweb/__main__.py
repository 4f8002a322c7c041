"""`python -m alarp.gateway.dicomweb`: serve DICOMweb. Prints one line of JSON when it is ready."""

from __future__ import annotations

import sys

from alarp.records import boot


def main() -> int:
    boot()
    from alarp.gateway.serving import serve

    return serve("dicomweb", "DICOMweb")


if __name__ == "__main__":
    sys.exit(main())
