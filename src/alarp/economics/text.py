"""Which table does the text of a CASE.yaml hold? No key twice, and words that look like truth values stay words."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import yaml

from alarp.kernel import BadInput

MOST_CHARACTERS = 400_000


class _Strict(yaml.SafeLoader):
    """YAML whose only truth values are true and false, and which refuses a key that stands twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise BadInput(
                    f"The case has '{key.value}' twice in one place (line {key.start_mark.line + 1}): remove one."
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def read_text(text: str) -> dict[str, Any]:
    """Which table does this YAML text hold? Plain JSON values only; days become text."""
    if len(text) > MOST_CHARACTERS:
        raise BadInput(f"The case has {len(text)} characters; a cost case has fewer than {MOST_CHARACTERS}.")
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise BadInput("The case uses a YAML alias ('*name'): write the value out where it is used.")
        value = yaml.load(text, Loader=_Strict)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise BadInput(f"The case is not readable YAML{where}; correct it.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(
            "The case holds a value that cannot be read, such as an impossible date; correct it."
        ) from error
    if not isinstance(value, dict):
        raise BadInput("The case is not a table of 'name: value' lines; see the how-to for a whole example.")
    return dict(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and "\x00" in value:
        raise BadInput("The case holds a null character, which is no text: write the line anew.")
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise BadInput(f"The case holds a {type(value).__name__}; use text, numbers, lists and tables.")
