"""`python -m alarp.gateway.dicomweb`: serve DICOMweb. Prints one line of JSON when it is ready."""

from __future__ import annotations

import ipaddress
import json
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from alarp.kernel import AlarpError, BadInput
from alarp.records import boot

THREADS = 16
SLOW_S = 120


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn without its command line: everything comes from Alarp's own settings."""

    def load_config(self) -> None:
        from alarp.gateway import securing
        from alarp.records.configuration import configuration

        settings = configuration()
        chosen: dict[str, Any] = {
            "bind": f"{settings.dicomweb_host}:{settings.dicomweb_port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": SLOW_S,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "limit_request_line": 4094,
            "limit_request_fields": 50,
            "forwarded_allow_ips": "",  # nobody speaks for somebody else
            "accesslog": None,  # what is searched for stands in the query string
            "loglevel": "warning",
            "when_ready": _say_ready,
            "pre_fork": _alone,
        }
        if settings.gateway_certificate:
            context = securing.server_context()
            chosen |= {
                "certfile": settings.gateway_certificate,
                "keyfile": settings.gateway_private_key,
                "ssl_context": lambda _config, _default: context,
            }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from alarp.gateway.dicomweb.service import application

        return application


def _say_ready(server: Any) -> None:
    print(json.dumps({"ready": "dicomweb", "port": server.LISTENERS[0].getsockname()[1]}), flush=True)


def _alone(_server: Any, _worker: Any) -> None:
    from django.db import connections

    connections.close_all()  # a database connection does not bear being forked


def check() -> None:
    """May it be served there? A token must not cross a network that anybody can read. Raises BadInput."""
    from alarp.records.configuration import configuration

    settings = configuration()
    if not settings.dicomweb_port:
        raise BadInput("The setting dicomweb_port is 0: the DICOMweb service does not run. Give it a port.")
    if not settings.gateway_certificate and not _loopback(settings.dicomweb_host):
        raise BadInput(
            f"DICOMweb on {settings.dicomweb_host} needs TLS: set gateway_certificate and gateway_private_key, or "
            "serve it on 127.0.0.1."
        )


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def main() -> int:
    boot()
    try:
        check()
        server = Server()
    except (AlarpError, OSError) as error:
        print(f"The DICOMweb service does not start: {error}", file=sys.stderr)
        return 1
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
