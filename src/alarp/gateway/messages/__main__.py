"""`python -m alarp.gateway.messages`: listen for HL7 (MLLP). Prints one line of JSON when it is ready."""

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
    from alarp.records.configuration import configuration

    if not configuration().hl7_port:
        print("HL7 is off: set hl7_port to the port that senders call.", file=sys.stderr)
        return 2
    from alarp.gateway.messages.listener import Listener, serve_quietly

    try:
        listener = Listener()
        port = listener.start()
    except (AlarpError, OSError) as error:
        print(f"The HL7 listener does not start: {error}", file=sys.stderr)
        return 1

    def leave(*_: Any) -> None:
        threading.Thread(target=listener.stop, daemon=True).start()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    print(json.dumps({"ready": "messages", "port": port}), flush=True)
    serve_quietly(listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
