"""With which key does an organisation seal? The private half lies in the data folder, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from alarp.kernel import NotNow
from alarp.pathway.proof import keyid_of, seal
from alarp.records.configuration import configuration
from alarp.records.evidence.models import SigningKey
from alarp.records.people.models import Organisation
from alarp.records.people.queries import line_of


def private_file(organisation: Organisation, keyid: str) -> Path:
    """Where does this key's private half lie?"""
    return configuration().keys / f"{organisation.slug}-{keyid[:16]}.pem"


def make(organisation: Organisation) -> tuple[str, str]:
    """Make a key pair, write the private half (0600) and answer key id and public half."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    keyid = keyid_of(public)
    file = private_file(organisation, keyid)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        out.flush()
        os.fsync(out.fileno())
    return keyid, public


def current(organisation: Organisation) -> SigningKey:
    """The key in use of this organisation, or of the nearest one above it that has one."""
    for one in line_of(organisation):
        key = SigningKey.objects.filter(organisation=one, retired_at__isnull=True).order_by("-pk").first()
        if key is not None:
            return key
    raise NotNow(f"{organisation.name} has no signing key; create one with `alarp setup` first.")


def seal_for(organisation: Organisation, statement: dict[str, object]) -> dict[str, object]:
    """Seal this statement with the organisation's key in use."""
    key = current(organisation)
    try:
        private = private_file(key.organisation, key.keyid).read_bytes()
    except FileNotFoundError:
        raise NotNow(
            f"The private half of {key.organisation.name}'s signing key is not in the data folder; "
            "restore it from the backup or create a new key."
        ) from None
    return seal(statement, private)
