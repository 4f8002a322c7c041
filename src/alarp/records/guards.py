"""What does the database itself refuse, whoever asks? Triggers on rows that decided something.

Python's own refusal (`immutable`) stops our code; these stop everybody else who reaches the database. They are laid
after every `migrate`, because SQLite drops a table's triggers when a migration rebuilds the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

UPDATE, DELETE = "UPDATE", "DELETE"


@dataclass(frozen=True, slots=True)
class Guard:
    """This operation on this table is refused, always or when the condition (on OLD and NEW) holds."""

    table: str
    operation: str
    sentence: str
    when: str = ""

    @property
    def name(self) -> str:
        return f"guard_{self.table}_{self.operation.lower()}"


def written_once(table: str, words: str) -> tuple[Guard, ...]:
    """A row that is never changed and never deleted."""
    return (
        Guard(table, UPDATE, f"{words} is never changed; record a new one."),
        never_deleted(table, words),
    )


def never_deleted(table: str, words: str) -> Guard:
    return Guard(table, DELETE, f"{words} is never deleted.")


def keep_after_migrate(config: AppConfig, guards: Sequence[Guard]) -> None:
    """Lay these guards whenever this app's tables were migrated."""

    def lay_guards(using: str, **_: Any) -> None:
        lay(using, guards)

    post_migrate.connect(lay_guards, sender=config, weak=False, dispatch_uid=f"guards of {config.label}")


def lay(using: str, guards: Sequence[Guard]) -> None:
    """Create the triggers that are missing."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES_FUNCTION)
        for guard in guards:
            if guard.table in present:
                for statement in _statements(connection.vendor, guard):
                    cursor.execute(statement)


def lift(using: str, guards: Sequence[Guard]) -> None:
    """Remove the triggers: for a test database that must be emptied, never for one in use."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for guard in guards:
            on = f' ON "{guard.table}"' if connection.vendor == "postgresql" else ""
            cursor.execute(f'DROP TRIGGER IF EXISTS "{guard.name}"{on}')
            if on:
                cursor.execute(f'DROP TRIGGER IF EXISTS "{guard.name}_all"{on}')


_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION alarp_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def _statements(vendor: str, guard: Guard) -> list[str]:
    sentence = guard.sentence.replace("'", "''")
    when = f" WHEN ({guard.when})" if guard.when else ""
    if vendor == "sqlite":
        return [
            f'CREATE TRIGGER IF NOT EXISTS "{guard.name}" BEFORE {guard.operation} ON "{guard.table}" '
            f"FOR EACH ROW{when} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        ]
    made = [
        f'CREATE OR REPLACE TRIGGER "{guard.name}" BEFORE {guard.operation} ON "{guard.table}" '
        f"FOR EACH ROW{when} EXECUTE FUNCTION alarp_refuse('{sentence}')"
    ]
    if guard.operation == DELETE:
        made.append(
            f'CREATE OR REPLACE TRIGGER "{guard.name}_all" BEFORE TRUNCATE ON "{guard.table}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION alarp_refuse('{sentence}')"
        )
    return made
