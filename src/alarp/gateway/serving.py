"""How does a door of the gateway speak HTTP? Gunicorn, one process, TLS with the gateway's own certificate.

A door without TLS is opened on this machine's own address only: a token must not cross a network that anybody reads.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gunicorn.app.base import BaseApplication

from alarp.gateway import securing
from alarp.kernel import AlarpError, BadInput
from alarp.records.configuration import configuration

THREADS = 16
SLOW_S = 120
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")


def base_of(environ: Mapping[str, Any], prefix: str) -> str:
    """Where is this service reached, as its caller wrote the address?"""
    host = str(environ.get("HTTP_HOST", ""))
    if not _HOST.fullmatch(host):
        host = f"{environ.get('SERVER_NAME', 'localhost')}:{environ.get('SERVER_PORT', '')}"
    return f"{environ.get('wsgi.url_scheme', 'http')}://{host}{prefix}"


@dataclass(frozen=True, slots=True)
class WebDoor:
    """One service by HTTP: its name, that of its room here and of its settings, and what people call it."""

    name: str
    title: str

    @property
    def host(self) -> str:
        return str(getattr(configuration(), f"{self.name}_host"))

    @property
    def port(self) -> int:
        return int(getattr(configuration(), f"{self.name}_port"))

    def application(self) -> Any:
        """What answers; loaded in the serving process."""
        return import_module(f"alarp.gateway.{self.name}.service").application

    def check(self) -> None:
        """May it be opened there? Raises BadInput."""
        if not self.port:
            raise BadInput(
                f"The setting {self.name}_port is 0: the {self.title} service does not run. Give it a port."
            )
        if not configuration().gateway_certificate and not _loopback(self.host):
            raise BadInput(
                f"{self.title} on {self.host} needs TLS: set gateway_certificate and gateway_private_key, or "
                "serve it on 127.0.0.1."
            )


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn without its command line: everything comes from Alarp's own settings."""

    def __init__(self, door: WebDoor) -> None:
        self.door = door
        super().__init__()

    def load_config(self) -> None:
        settings, door = configuration(), self.door
        chosen: dict[str, Any] = {
            "bind": f"{door.host}:{door.port}",
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
            "when_ready": self._say_ready,
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
        return self.door.application()

    def _say_ready(self, server: Any) -> None:
        port = server.LISTENERS[0].getsockname()[1]
        print(json.dumps({"ready": self.door.name, "port": port}), flush=True)


def _alone(_server: Any, _worker: Any) -> None:
    from django.db import connections

    connections.close_all()  # a database connection does not bear being forked


def serve(name: str, title: str) -> int:
    """Open this door until somebody ends the process; answers 1 when it cannot be opened, and says why."""
    door = WebDoor(name, title)
    try:
        door.check()
        server = _Server(door)
    except (AlarpError, OSError) as error:
        print(f"The {door.title} service does not start: {error}", file=sys.stderr)
        return 1
    server.run()
    return 0
