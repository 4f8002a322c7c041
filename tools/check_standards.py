"""Do the standards load? Calls every `load_*` function of every package under alarp.standards that needs no argument."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import alarp.standards
from alarp.evaluation import parse_protocol
from alarp.kernel import AlarpError, BadInput
from alarp.standards.evaluation import load_templates


def loaders() -> list[tuple[str, object]]:
    """Which public functions read a standard's data without being asked for a particular one?"""
    names = [alarp.standards.__name__] + [
        module.name
        for module in pkgutil.iter_modules(alarp.standards.__path__, "alarp.standards.")
        if module.ispkg
    ]
    found: dict[object, str] = {}
    for name in names:
        module = importlib.import_module(name)
        for word in getattr(module, "__all__", ()):
            function = getattr(module, word)
            if word.startswith("load") and callable(function) and _needs_nothing(function):
                found.setdefault(function, f"{name}.{word}")
    return [(name, function) for function, name in found.items()]


def _needs_nothing(function: object) -> bool:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return all(
        one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in parameters
    )


def _templates_parse() -> None:
    """Does every template of an evaluation parse with the room of its kind?"""
    for template in load_templates():
        try:
            parse_protocol(template.values)
        except AlarpError as problem:
            raise BadInput(f"{template.name}: {problem}") from problem


def main() -> int:
    failed, all_loaders = 0, [*loaders(), ("every template parses", _templates_parse)]
    for name, function in all_loaders:
        try:
            function()  # type: ignore[operator]
        except AlarpError as problem:
            failed += 1
            print(f"{name}: {problem}")
    print(f"{len(all_loaders) - failed} of {len(all_loaders)} standards load")
    return 1 if failed or not all_loaders else 0


if __name__ == "__main__":
    raise SystemExit(main())
