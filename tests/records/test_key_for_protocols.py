"""Which of an installation's keys locks a protocol? The Trust's that is in use, never a supplier's."""

from __future__ import annotations

from typing import Any

import pytest
import valley

from alarp.cli.evaluating.keys import key_for
from alarp.kernel import BadInput
from alarp.pathway.proof import keyid_of
from alarp.records.evidence import keys
from alarp.records.evidence.commands import create_key
from alarp.records.people.models import Organisation


@pytest.fixture
def folder(trust: None, tmp_path: Any, monkeypatch: Any) -> Any:
    """A data folder whose keys are those made in this test."""
    from alarp.records import configuration

    ours = configuration.Configuration(data=tmp_path)
    for module in (configuration, keys):
        monkeypatch.setattr(module, "configuration", lambda: ours)
    return tmp_path


@pytest.mark.need("E06")
def test_the_trusts_key_in_use_locks_a_protocol_among_a_suppliers_and_retired_ones(folder: Any) -> None:
    supplier = Organisation.objects.filter(tier="supplier").first()
    assert supplier is not None
    create_key(supplier)
    create_key(valley.organisation("valley"))
    newest = create_key(valley.organisation("valley"))
    assert len(list((folder / "keys").glob("*.pem"))) == 3
    assert keyid_of(key_for(None).public_pem) == newest.keyid


def test_of_two_trusts_keys_somebody_must_choose(folder: Any) -> None:
    create_key(valley.organisation("valley"))
    other = valley.organisation("hill")
    create_key(other)
    with pytest.raises(BadInput, match="name yours with --key"):
        key_for(None)
