"""A test database that must be emptied (transactional tests, live servers): the guards stand aside for the flush.

pytest-django empties the tables after a `transaction=True` test with Django's `flush`; the database's own guards would
refuse it. `lift_for_flush` is called once, by tests/conftest.py or a folder's own.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any


def all_guards() -> list[Any]:
    """The guards of every installed app that has some, so that a new app's are never forgotten."""
    from django.apps import apps

    modules = [f"{config.name}.constraints" for config in apps.get_app_configs()]
    return [guard for name in modules if find_spec(name) for guard in import_module(name).GUARDS]


def lift_for_flush() -> None:
    """From now on `flush` lifts the guards first and lays them again afterwards."""
    from django.core.management.commands import flush

    if getattr(flush.Command, "lifts_guards", False):
        return
    whole = flush.Command.handle

    def handle(self: Any, **options: Any) -> None:
        from alarp.records import guards

        using = options["database"]
        guards.lift(using, all_guards())
        try:
            whole(self, **options)
        finally:
            guards.lay(using, all_guards())

    flush.Command.handle = handle
    flush.Command.lifts_guards = True
