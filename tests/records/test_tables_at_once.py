"""An empty database gets its tables at once, another one migration by migration: both end with the same tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LOOK = """
import json, sys
from alarp.records import boot; boot("alarp.web.settings")
from django.core.management import call_command
from django.db import connection
from alarp.records import tables
{how}
found = {{}}
with connection.cursor() as cursor:
    for table in sorted(connection.introspection.table_names(cursor)):
        columns = {{c.name: [c.type_code, bool(c.null_ok)] for c in connection.introspection.get_table_description(cursor, table)}}
        rules = sorted(
            json.dumps([sorted(c["columns"] or []), c["primary_key"], c["unique"], bool(c["check"]), c["foreign_key"]])
            for name, c in connection.introspection.get_constraints(cursor, table).items()
            if not name.startswith("__unnamed") or c["columns"]
        )
        found[table] = [columns, sorted(set(rules))]
    cursor.execute("select app, name from django_migrations order by app, name")
    found["migrations"] = [list(row) for row in cursor.fetchall()]
    if connection.vendor == "sqlite":
        cursor.execute("select name from sqlite_master where type = 'trigger' order by name")
    else:
        cursor.execute("select distinct trigger_name from information_schema.triggers order by 1")
    found["triggers"] = [row[0] for row in cursor.fetchall()]
print(json.dumps(found, default=str))
"""
STEP_BY_STEP = 'call_command("migrate", verbosity=0)'
AT_ONCE = "tables.lay()"
TAKEN_UP = """
with tables._without_migrations():
    call_command("migrate", run_syncdb=True, verbosity=0)
tables.lay()  # the process before this one was killed between the two
tables.lay()
"""


def look(folder: Path, how: str, database: str = "") -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ALARP_", "DJANGO_"))}
    named = {"ALARP_DATABASE_URL": database} if database else {}
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(how=how)],
        capture_output=True,
        text=True,
        env={**clean, "ALARP_DATA": str(folder), **named},
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_tables_laid_at_once_are_those_of_the_migrations(tmp_path: Path) -> None:
    by_steps = look(tmp_path / "steps", STEP_BY_STEP)
    assert len(by_steps) > 60 and by_steps["triggers"]
    assert look(tmp_path / "once", AT_ONCE) == by_steps


def test_laying_them_is_taken_up_where_it_was_interrupted(tmp_path: Path) -> None:
    found = look(tmp_path / "taken-up", TAKEN_UP)
    assert found["migrations"] and found["triggers"]
