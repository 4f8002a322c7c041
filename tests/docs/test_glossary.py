"""One word for one thing: the glossary knows every word of the kernel's enums and every model's name."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from pathlib import Path

import pytest

from alarp.kernel import words

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "reference" / "glossary.md"
ENUMS = [
    one
    for _, one in inspect.getmembers(words, inspect.isclass)
    if issubclass(one, StrEnum) and one is not StrEnum
]


def section(heading: str) -> str:
    found = re.search(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return found.group(1) if found else ""


def terms(text: str) -> list[str]:
    return re.findall(r"\*\*(.+?)\*\*", text)


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_the_glossary_explains_exactly_the_members_of_each_kernel_enum(enum: type[StrEnum]) -> None:
    assert sorted(terms(section(enum.__name__))) == sorted(member.value for member in enum)


def test_the_glossary_explains_every_model_of_the_records() -> None:
    from django.apps import apps

    models = [
        model
        for config in apps.get_app_configs()
        if config.name.startswith("alarp.records")
        for model in config.get_models()
    ]
    assert len(models) > 20
    known = {term.replace("-", "").replace(" ", "") for term in terms(GLOSSARY.read_text(encoding="utf-8"))}
    assert sorted(model.__name__ for model in models if model.__name__.lower() not in known) == []
