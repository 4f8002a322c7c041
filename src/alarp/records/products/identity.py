"""By which name and digest do signed statements call a product version?"""

from __future__ import annotations

from typing import Any

from alarp.kernel import digest
from alarp.records.products.models import Version


def version_subject(version: Version) -> dict[str, Any]:
    """The in-toto subject of this version: its fingerprint, or the digest of its identity where none is known."""
    return {
        "name": f"{version.product.slug}@{version.number}",
        "digest": {"sha256": version.fingerprint or identity_digest(version)},
    }


def identity_digest(version: Version) -> str:
    """The digest of supplier, product and version number, for software whose bytes we never see."""
    product = version.product
    return digest({"supplier": product.supplier.slug, "product": product.slug, "version": version.number})
