"""The web server: gunicorn started from the configuration, after a look at what it needs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from alarp.kernel import BadInput

THREADS = 4


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The WSGI door, made at the first request of each worker process."""
    return _django()(environ, start_response)


_loaded: list[Any] = []


def _django() -> Any:
    if not _loaded:
        from django.core.wsgi import get_wsgi_application

        _loaded.append(get_wsgi_application())
    return _loaded[0]


def prepare() -> None:
    """Are the database and the static files as this version needs them? Raises BadInput when not."""
    import django
    from django.conf import settings
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connections["default"])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connections.close_all()  # the workers open their own
    if waiting:
        raise BadInput(
            f"The database lacks {len(waiting)} migrations of this version. "
            "Run `alarp web migrate` (or `python -m alarp.web migrate`) and start again."
        )
    _collect(settings.HERE / "static" / "built" / "built.json", Path(settings.STATIC_ROOT))


def _collect(built: Path, served: Path) -> None:
    """Lay the built files out for sending, under names that carry their hash, unless they lie there already."""
    from django.core.management import call_command

    if not built.is_file():
        raise BadInput("The style sheet has not been built. Run `make assets` and start again.")
    inventory, stamp = built.read_bytes(), served / "collected.json"  # `alarp setup` leaves the same stamp
    if stamp.is_file() and stamp.read_bytes() == inventory:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_bytes(inventory)


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn without its command line: everything comes from Alarp's own settings."""

    def load_config(self) -> None:
        from django.conf import settings

        chosen = settings.ALARP
        for name, value in {
            "bind": f"{chosen.web_host}:{chosen.web_port}",
            "workers": chosen.web_workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "accesslog": None,  # addresses and query strings are nobody's business
            "loglevel": "warning",
            "when_ready": _say_ready,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return _django()


def _say_ready(arbiter: Any) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    print(json.dumps({"ready": "web", "host": host, "port": port, "pid": os.getpid()}), flush=True)


def serve() -> int:
    """Listen until told to stop. Ends with 2 and one sentence when something is not ready."""
    try:
        prepare()
    except BadInput as refusal:
        print(str(refusal), file=sys.stderr)
        return 2
    Server().run()
    return 0
