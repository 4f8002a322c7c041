"""Which values stand in the text of a protocol? YAML in which words stay words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from alarp.kernel import BadInput


class _Words(yaml.SafeLoader):
    """YAML whose only truth values are true and false: 'on', 'off', 'yes' and 'no' stay words; no key twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise BadInput(f"The protocol has the field '{key}' twice in one place: remove one.")
        return super().construct_mapping(node, deep=deep)


_Words.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def read_text(text: str, *, name: str = "The protocol") -> Any:
    """Which values does this YAML text hold? BadInput names the line that cannot be read."""
    try:
        return yaml.load(text, Loader=_Words)
    except (yaml.YAMLError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise BadInput(f"{name} is not readable YAML{where}; correct it.") from error


def write_text(values: Mapping[str, Any]) -> str:
    """How are these values written as a protocol? In their own order, text as it is."""
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=100)
