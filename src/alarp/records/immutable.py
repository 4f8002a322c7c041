"""Which rows may never change? Those that decided something: evidence, decisions, audit events."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from alarp.kernel import NotNow


class ImmutableQuerySet(models.QuerySet[Any]):
    """Refuses the bulk doors as well; the database's own triggers (constraints.py) refuse the rest."""

    def update(self, **_: Any) -> NoReturn:
        raise NotNow(f"{self.model.__name__} rows are never changed; record a new one that supersedes it.")

    def delete(self) -> NoReturn:
        raise NotNow(f"{self.model.__name__} rows are never deleted.")


class Immutable(models.Model):
    """A row that is written once."""

    objects = ImmutableQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NotNow(
                f"{type(self).__name__} rows are never changed; record a new one that supersedes it."
            )
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise NotNow(f"{type(self).__name__} rows are never deleted.")
