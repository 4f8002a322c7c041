"""The gateway's programs with a route that a test sets, and a probe that answers a test's questions.

`python programs.py listener|worker|probe|nursery`. The route of a deployment is read from `routes.json` in the
data folder (slug -> [state, reason]) instead of from signed gates; the file `crash.json`, when there is
one, names functions at which this process kills itself (SIGKILL), before or after the call.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import types
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alarp.records import boot


def data_folder() -> Path:
    return Path(os.environ["ALARP_DATA"])


def _module(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        made = types.ModuleType(name)
        sys.modules[name] = made
        parent, _, child = name.rpartition(".")
        setattr(importlib.import_module(parent), child, made)
        return made


def routes_from_a_file() -> None:
    from types import SimpleNamespace

    from alarp.kernel import RouteState

    def route(deployment: Any, at: Any = None) -> Any:
        state, reason = json.loads((data_folder() / "routes.json").read_text())[deployment.slug]
        return SimpleNamespace(state=RouteState(state), reason=reason)

    _module("alarp.records.deployments.queries").route = route  # type: ignore[attr-defined]
    _module("alarp.records.deployments.commands").reopen_lapsed = lambda at: None  # type: ignore[attr-defined]


def clock_that_a_test_moves() -> None:
    """The present is so many seconds from now as the file `clock` of the data folder says; without it, now."""
    from alarp.records import clock

    real, file = clock.now, data_folder() / "clock"

    def now() -> datetime:
        try:
            return real() + timedelta(seconds=float(file.read_text()))
        except FileNotFoundError:
            return real()

    clock.now = now


def crash_points(program: str, points: list[dict[str, Any]] | None = None) -> None:
    """Die at a named place: [{"program", "function": "module:name", "when": "before|after|fails", "nth": 1}].

    What "fails" does so from the nth time on, with the "error" of django.db that is named, and only for calls whose
    arguments show the word "only". A point with a "mark" writes it into the file `deaths` of the data folder first,
    for whoever waits for the death.
    """
    file = data_folder() / "crash.json"
    if points is None:
        points = json.loads(file.read_text()) if file.exists() else []
    for point in points:
        if point["program"] == program:
            _patch(
                point["function"],
                point["when"],
                int(point["nth"]),
                str(point.get("mark", "")),
                error=point.get("error", "DatabaseError"),
                only=point.get("only", ""),
            )


def _die(mark: str) -> None:
    if mark:
        deaths = os.open(data_folder() / "deaths", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(deaths, f"{mark}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def _patch(name: str, when: str, nth: int, mark: str, *, error: str, only: str) -> None:
    path, _, attribute = name.partition(":")
    owner: Any = importlib.import_module(path)
    *inner, last = attribute.split(".")
    for part in inner:
        owner = getattr(owner, part)
    from django import db

    original, seen = getattr(owner, last), [0]

    def dying(*args: Any, **kwargs: Any) -> Any:
        seen[0] += 1
        if when == "fails" and seen[0] >= nth and only in repr(args):
            raise getattr(db, error)("as if the database could not")
        if when == "before" and seen[0] == nth:
            _die(mark)
        answer = original(*args, **kwargs)
        if when == "after" and seen[0] == nth:
            _die(mark)
        return answer

    setattr(owner, last, dying)


def probe() -> None:
    """Read one JSON string of Python a line, run it with the models at hand, answer `answer` as JSON."""
    from django.db import connection

    from alarp.records import tables

    if "ready" not in sys.argv:
        tables.lay()
    space: dict[str, Any] = {"connection": connection}
    for app in ("people", "products", "deployments", "ledger", "audit"):
        module = importlib.import_module(f"alarp.records.{app}.models")
        space |= {name: value for name, value in vars(module).items() if not name.startswith("_")}
    print(json.dumps({"ready": "probe"}), flush=True)
    for line in sys.stdin:
        try:
            source = json.loads(line)
            space["answer"] = None
            if "\n" in source or "=" in source.split("(")[0]:
                exec(source, space)
            else:
                space["answer"] = eval(source, space)
            reply = {"answer": space["answer"]}
        except BaseException as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply, default=str), flush=True)


def nursery() -> None:
    """Fork programs that are loaded already: a line `{"program", "arguments", "points"}` in, its process id out."""
    for name in ("alarp.gateway.listener", "alarp.gateway.steps", "alarp.gateway.worker", "faketool"):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's zombies
    print(json.dumps({"ready": "nursery"}), flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            devnull = os.open(os.devnull, os.O_RDWR)
            os.dup2(devnull, 0)
            os.dup2(devnull, 1)
            _be(wanted["program"], wanted["arguments"], wanted["points"])
        print(json.dumps({"pid": child}), flush=True)


def _be(program: str, arguments: list[str], points: list[dict[str, Any]]) -> None:
    """Become this program and never come back."""
    try:
        sys.argv = [program, *arguments]
        crash_points(program, points)
        name = {"listener": "alarp.gateway.__main__", "worker": "alarp.gateway.worker"}.get(program, program)
        importlib.import_module(name).main()
    finally:
        os._exit(1)


def main() -> None:
    program = sys.argv[1]
    boot()
    routes_from_a_file()
    clock_that_a_test_moves()
    if program in ("probe", "nursery"):
        {"probe": probe, "nursery": nursery}[program]()
        return
    module = importlib.import_module(
        {
            "listener": "alarp.gateway.__main__",
            "worker": "alarp.gateway.worker",
            "dicomweb": "alarp.gateway.dicomweb.__main__",
        }[program]
    )
    if program == "listener":
        importlib.import_module("alarp.gateway.listener")
    else:
        importlib.import_module("alarp.gateway.steps")
    crash_points(program)
    sys.exit(module.main())


if __name__ == "__main__":
    main()
