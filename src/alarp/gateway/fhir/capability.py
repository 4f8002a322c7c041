"""What does this door say of itself? Its CapabilityStatement (R4 5.5): what can be posted, and by whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

VERSION, CHANGED = "4.0.1", "2026-11-22"
JSON = "application/fhir+json"
WHO = (
    "A peer that the settings name (fhir_senders), by its token as a bearer token or by the certificate of its TLS "
    "connection. Resources are taken in and cannot be read back."
)


def statement(kinds: Iterable[str], *, software: str, url: str) -> dict[str, Any]:
    """The CapabilityStatement of the service at this URL that takes in resources of these kinds."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED,
        "kind": "instance",
        "software": {"name": "Alarp", "version": software},
        "implementation": {"description": "Orders, reports and consents for the AI gateway", "url": url},
        "fhirVersion": VERSION,
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": WHO},
                "resource": [
                    {"type": kind, "interaction": [{"code": "create"}], "versioning": "no-version"}
                    for kind in sorted(kinds)
                ],
                "interaction": [{"code": "batch"}],
            }
        ],
    }
