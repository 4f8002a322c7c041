"""Which addresses does the site have, and which example stands for each? Read from the URL resolver itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from alarp.records.permissions import ACTIONS
from alarp.web.access import Access

# An address whose parameters mean something else than their names say elsewhere.
OWN_EXAMPLES: dict[str, Mapping[str, str]] = {
    "product": {"slug": "product"},
    "register-version": {"slug": "product"},
    "state-intended-use": {"slug": "product"},
    "state-device": {"slug": "product"},
    "add-document": {"slug": "product"},
    "add-claim": {"slug": "product"},
    "lift": {"slug": "silent"},
    "hold": {"slug": "slug", "number": "number"},
    "alert": {"number": "alert_number"},
    "incident": {"number": "incident_number"},
    "decide-incident": {"number": "incident_number"},
    "give-feedback": {"study": "dispatch_study"},
    "clear-pictures": {"study": "dispatch_study"},
    "begin-human-reading": {"slug": "site"},
    "end-human-reading": {"slug": "switched_site"},
    **{
        name: {"number": "hazard_number", "control": "control_number"}
        for name in (
            *("hazard", "describe-hazard", "settle-hazard", "accept-risk"),
            *("add-control", "control"),
        )
    },
}
PUBLIC_REDIRECTS = {"account_logout", "mfa_authenticate"}  # lead elsewhere when there is nothing to do
# Pages about the visitor's own second factor exist only for somebody who has one.
WITHOUT_AN_APP = {"mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"}


@dataclass(frozen=True)
class Address:
    """One entry of the URL configuration: its name, its parameters, what its view asks of the visitor."""

    name: str
    pattern: str
    parameters: tuple[str, ...]
    access: Access | None

    def example(self, known: Mapping[str, Any]) -> str:
        """A real address; raises KeyError for a parameter that no example fills."""
        own = OWN_EXAMPLES.get(self.name, {})
        return reverse(self.name, kwargs={p: known[own.get(p, p)] for p in self.parameters})

    def open_to(self, role: str) -> bool:
        """May somebody in this role look, by the permission matrix? In the example's team every profession is."""
        if self.access is None or self.access.looks is None:
            return True
        return role in ACTIONS[self.access.looks].roles


def addresses() -> tuple[Address, ...]:
    """Every address of the site."""
    return tuple(sorted(_walk(get_resolver().url_patterns, ""), key=lambda a: a.pattern))


def _walk(patterns: list[Any], before: str) -> Iterator[Address]:
    for entry in patterns:
        whole = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, whole)
        elif isinstance(entry, URLPattern):
            parameters = tuple(entry.pattern.converters)
            yield Address(entry.name or whole, whole, parameters, getattr(entry.callback, "access", None))


ADDRESSES = addresses()
PAGES = {address.name: address for address in ADDRESSES}


def named(address: Address) -> str:
    """The name of a test that goes through the addresses."""
    return address.name
