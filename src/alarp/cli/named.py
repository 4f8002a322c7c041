"""Which deployment, which person does a command name? Found, or one sentence."""

from __future__ import annotations

from typing import Any

from alarp.kernel import BadInput


def deployment_named(slug: str) -> Any:
    """The deployment with this short name."""
    from alarp.records.deployments.models import Deployment

    found = Deployment.objects.filter(slug=slug).first()
    if found is None:
        raise BadInput(f"There is no deployment {slug!r}; `alarp status` lists them.")
    return found


def person_named(username: str) -> Any:
    """The person with this user name."""
    from alarp.records.people.models import Person

    found = Person.objects.filter(username=username).first()
    if found is None:
        raise BadInput(f"Nobody has the user name {username!r}; give one of the Trust's people.")
    return found
