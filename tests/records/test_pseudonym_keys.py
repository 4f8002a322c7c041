"""The keys of the pseudonyms: made once, readable by their owner alone, rotated by whoever may, never passed over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import valley

from alarp.kernel import BadInput, BrokenEvidence, NotPermitted
from alarp.records import configuration, pseudonym_keys
from alarp.records.audit.models import AuditEvent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ALARP_DATA", str(tmp_path))
    configuration.configuration.cache_clear()
    yield tmp_path / "keys"
    configuration.configuration.cache_clear()


def test_the_first_key_is_made_when_it_is_asked_for_and_stays(folder: Path) -> None:
    name = pseudonym_keys.load("flag", 1).patient("RX1")

    assert pseudonym_keys.load("flag", 1).patient("RX1") == name
    assert pseudonym_keys.load("other", 1).patient("RX1") != name
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o600"}
    assert [file.name for file in sorted(folder.iterdir())] == [
        "deidentify-flag-v1.key",
        "deidentify-other-v1.key",
    ]


@pytest.mark.need("G03")
def test_a_rotated_key_gives_new_names_and_the_old_ones_can_still_be_made(deployment: Any) -> None:
    slug = deployment.slug
    before = pseudonym_keys.load(slug, 1).patient("RX1")

    assert pseudonym_keys.rotate(deployment, by=valley.person("pacs-manager")) == 2

    assert pseudonym_keys.current(slug) == 2
    assert (
        pseudonym_keys.load(slug, 2).patient("RX1") != before == pseudonym_keys.load(slug, 1).patient("RX1")
    )
    event = AuditEvent.objects.get(action="key rotated")
    assert (event.stream.slug, event.details) == (slug, {"version": 2})


def test_whoever_may_not_rotate_a_key_changes_nothing(deployment: Any) -> None:
    with pytest.raises(NotPermitted):
        pseudonym_keys.rotate(deployment, by=valley.person("reader"))
    assert pseudonym_keys.versions(deployment.slug) == []
    assert not AuditEvent.objects.filter(action="key rotated").exists()


@pytest.mark.parametrize(
    ("key", "mode", "says"),
    [
        (hashlib.sha256(b"a good key").digest(), 0o644, "Others can read"),
        (b"short", 0o600, "has 5 bytes"),
        (b"\0" * 32, 0o600, "not safe to use"),
        (b"changeme" * 4, 0o600, "not safe to use"),
    ],
    ids=["readable by others", "short", "one byte", "a known word"],
)
def test_a_weak_or_open_key_stops_the_start_with_one_sentence(
    folder: Path, key: bytes, mode: int, says: str
) -> None:
    folder.mkdir()
    file = folder / "deidentify-flag-v1.key"
    file.write_bytes(key)
    file.chmod(mode)

    for ask in (pseudonym_keys.check_all, lambda: pseudonym_keys.load("flag", 1)):
        with pytest.raises(BadInput, match=says) as error:
            ask()
        assert file.name in str(error.value) and "\n" not in str(error.value)


def test_a_lost_key_is_missed_and_not_made_anew(deployment: Any) -> None:
    slug = deployment.slug
    pseudonym_keys.load(slug, 1)
    pseudonym_keys.rotate(deployment, by=valley.person("pacs-manager"))
    pseudonym_keys.path_of(slug, 1).unlink()

    with pytest.raises(BrokenEvidence, match="restore it from the backup"):
        pseudonym_keys.load(slug, 1)
    assert not pseudonym_keys.path_of(slug, 1).exists()


def test_a_key_that_is_broken_is_repaired_before_it_is_rotated(deployment: Any) -> None:
    pseudonym_keys.load(deployment.slug, 1)
    pseudonym_keys.path_of(deployment.slug, 1).chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        pseudonym_keys.rotate(deployment, by=valley.person("pacs-manager"))
    assert pseudonym_keys.versions(deployment.slug) == [1]
