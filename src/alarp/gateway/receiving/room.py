"""Is there room for more? Asked before an association for images is accepted, and before each object is kept."""

from __future__ import annotations

import shutil

from alarp.kernel import Unavailable
from alarp.records import objects
from alarp.records.configuration import configuration


def check_space() -> None:
    """Is there room for another object? Raises Unavailable below the configured least."""
    settings = configuration()
    free_mb = shutil.disk_usage(objects.incoming_folder()).free // 2**20
    if free_mb < settings.least_free_mb:
        raise Unavailable(
            f"Only {free_mb} MB of disk are free; at least {settings.least_free_mb} MB are needed. "
            "Free space or lower least_free_mb.",
            phase="receive",
        )
