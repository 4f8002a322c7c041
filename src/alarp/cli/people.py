"""In whose name does a command act?"""

from __future__ import annotations

from alarp.kernel import BadInput
from alarp.records.people.models import Person


def acting(username: str) -> Person:
    """The person with this username. Raises BadInput when there is none."""
    found = Person.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise BadInput(
            f"There is nobody with the username {username!r}. Give who takes the file in with --by."
        )
    return found
