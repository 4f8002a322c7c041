"""The memory: models, queries, commands and the audit chain. See README.md."""

import os

__all__ = ["boot"]


def boot(settings_module: str = "alarp.records.settings") -> None:
    """Make the records usable from a process that is not the web server (gateway, worker, command line)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module)
    import django

    django.setup()
