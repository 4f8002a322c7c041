"""`python -m alarp.gateway`: listen for DICOM. Prints one line of JSON when it is ready."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import Any

from alarp.kernel import AlarpError
from alarp.records import boot


def main() -> int:
    boot()
    from alarp.gateway.listener import Listener

    try:
        listener = Listener()
        port = listener.start()
    except (AlarpError, OSError) as error:
        print(f"The gateway does not start: {error}", file=sys.stderr)
        return 1

    def leave(*_: Any) -> None:
        threading.Thread(target=listener.stop, daemon=True).start()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    print(json.dumps({"ready": "gateway", "port": port}), flush=True)
    listener.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
