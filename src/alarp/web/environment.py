"""How do templates read? Jinja2 with the NHS macros, and our few filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from alarp.standards.glossary import load_term
from alarp.web import fields
from alarp.web.deployments.parts import Part, parts
from alarp.web.explaining import as_html, explained
from alarp.web.words import lowered


def day(value: date | datetime | None) -> str:
    """'3 June 2026', in the hospital's time."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime | None) -> str:
    """'3 June 2026, 14:05', in the hospital's time."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{local.day} {local:%B %Y}, {local:%H:%M}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """'1 day', '3 days'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _url(name: str, *args: Any, query: Mapping[str, str] | None = None, **kwargs: Any) -> str:
    return reverse(name, args=args, kwargs=kwargs, query=query)


def _explain(slug: str, text: str = "") -> str:
    return as_html(load_term(slug), text)


def _parts_of(request: Any, deployment: Any) -> tuple[Part, ...]:
    return parts(request.user, deployment, request.path)


def environment(**options: Any) -> Environment:
    """The environment that Django's Jinja2 backend asks for. NHS macros need chainable undefined values."""
    loader = ChoiceLoader([options.pop("loader"), PackageLoader("nhsuk_frontend_jinja")])
    options["undefined"] = ChainableUndefined
    made = Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, **options)
    made.globals.update(
        static=static,
        url=_url,
        problems=fields.problems,
        field_kind=fields.kind,
        explain=_explain,
        parts_of=_parts_of,
    )
    made.filters.update(
        day=day,
        moment=moment,
        counted=counted,
        sentence_case=sentence_case,
        lowered=lowered,
        explained=explained,
    )
    return made


def sentence_case(text: str) -> str:
    """First letter large, the rest as it was."""
    return text[:1].upper() + text[1:]
