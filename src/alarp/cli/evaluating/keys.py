"""With which key is a protocol locked? The one given, the organisation's, or a personal one that is made once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from alarp.kernel import BadInput, Tier

PERSONAL = "protocol-key.pem"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, its public half, and in words whose it is."""

    private_pem: bytes
    public_pem: str
    whose: str


def key_for(given: Path | None) -> Key:
    """Which key seals? `given` where there is one, then the organisation's in the data folder, then one's own."""
    if given is not None:
        return _read(given, f"the key in {given.name}")
    return _of_the_organisation() or _personal()


def _read(path: Path, whose: str) -> Key:
    try:
        pem = path.read_bytes()
        key = load_pem_private_key(pem, password=None)
    except OSError as error:
        raise BadInput(f"The key '{path}' cannot be read ({error.strerror}); give an Ed25519 key.") from error
    except (ValueError, TypeError) as error:
        raise BadInput(f"The key '{path}' is not a private key in PEM without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"The key '{path}' is not an Ed25519 private key; give one (or leave --key out).")
    return Key(pem, _public(key), whose)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _of_the_organisation() -> Key | None:
    """The key in use that lies in the data folder; with several organisations' keys somebody must choose."""
    from alarp.records.configuration import configuration

    folder = configuration().keys
    found = sorted(folder.glob("*.pem")) if folder.is_dir() else []
    if len(found) > 1:
        found = _in_use()
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise BadInput(f"The data folder holds several organisations' keys ({names}): name yours with --key.")
    return _read(found[0], f"the organisation's key {found[0].name}") if found else None


def _in_use() -> list[Path]:
    """Which of the keys in the data folder is a Trust's, and not retired? Only the records know."""
    from alarp.records import boot

    boot()
    from alarp.records.evidence.keys import private_file
    from alarp.records.evidence.models import SigningKey

    rows = SigningKey.objects.filter(retired_at__isnull=True, organisation__tier=Tier.TRUST.value)
    places = [private_file(row.organisation, row.keyid) for row in rows.select_related("organisation")]
    return sorted(place for place in places if place.is_file())


def _personal() -> Key:
    """One's own key in one's configuration folder, readable by nobody else; made when it is first needed."""
    path = Path(typer.get_app_dir("alarp")) / PERSONAL
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
    return _read(path, f"your own key {path}")
