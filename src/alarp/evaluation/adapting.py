"""How does a protocol become the protocol of a second product? Everything that was fixed stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.evaluation.protocol import protocol_hash
from alarp.kernel import BadInput


def adapt(
    values: Mapping[str, Any], *, name: str, version: str, begun_at: str, cases: str | None = None
) -> dict[str, Any]:
    """Which protocol evaluates this other product by the same plan?

    Reference standard, thresholds, margins, claims, subgroups and rules are carried over; product, the table of
    cases (when one is given) and the protocol's own version begin anew. `adapted_from` keeps where it came from.
    """
    if not name.strip() or not version.strip():
        raise BadInput("A second product needs its name and its version.")
    old = dict(values)
    product = old.get("product") if isinstance(old.get("product"), Mapping) else {}
    assert isinstance(product, Mapping)
    origin = {
        "title": str(old.get("title", "")),
        "version": str(old.get("version", "")),
        "hash": protocol_hash(values),
        "product": str(product.get("name", "")),
        "product_version": str(product.get("version", "")),
    }
    changed = {
        "title": _title(str(old.get("title", "")), dict(product), name, version),
        "version": 1,
        "product": {"name": name.strip(), "version": version.strip()},
        "begun_at": begun_at,
        "adapted_from": origin,
    }
    if cases is not None:
        changed["cases"] = cases
    return {**old, **changed}


def _title(title: str, product: Mapping[str, Any], name: str, version: str) -> str:
    """The same title about the other product; where it names none, the product is added."""
    old_name, old_version = str(product.get("name") or ""), str(product.get("version") or "")
    if old_name and old_name in title:
        title = title.replace(old_name, name)
        return title.replace(old_version, version) if old_version else title
    return f"{title} ({name} {version})"
