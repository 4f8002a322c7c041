"""`python -m alarp.gateway`: listen for DICOM. Prints one line of JSON when it is ready."""

from __future__ import annotations

import json
import signal
import sys

from alarp.kernel import AlarpError
from alarp.records import boot


def main() -> int:
    boot()
    from alarp.gateway import committing, listener, pulling, securing, sockets
    from alarp.gateway.processes import Gateway
    from alarp.records.configuration import configuration

    settings = configuration()
    try:
        listener.prepare()
        socket = sockets.listen_on(settings.gateway_host, settings.gateway_port)
        doors = [listener.Door(socket)]
        if settings.gateway_tls_port:
            context = securing.server_context()
            secured = sockets.listen_on(settings.gateway_host, settings.gateway_tls_port)
            doors.append(listener.Door(secured, context))
        services = [
            listener.Service(pulling.SOP_CLASSES, pulling.HANDLERS),
            listener.Service(committing.SOP_CLASSES, committing.HANDLERS, either_role=True),
        ]
        gateway = Gateway(doors, processes=settings.gateway_processes, services=services)
    except (AlarpError, OSError) as error:
        print(f"The gateway does not start: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, gateway.stop)
    signal.signal(signal.SIGINT, gateway.stop)
    print(json.dumps({"ready": "gateway", "port": socket.getsockname()[1]}), flush=True)
    gateway.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
