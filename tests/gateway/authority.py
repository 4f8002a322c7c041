"""A certificate authority of a test: a root, and certificates that it (or a stranger) signs."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """`file` is its own certificate; `issue` makes others."""

    def __init__(self, folder: Path, name: str = "trust") -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _called(f"Test authority {name}")
        made = self._begun(self._subject, self._key, 3650)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = self._kept(f"{name}-authority", made.sign(self._key, hashes.SHA256()))

    def trusting(self, *shown: Path) -> ssl.SSLContext:
        """A caller's side: it trusts this authority, and shows this certificate with its key."""
        context = ssl.create_default_context(cafile=self.file)
        if shown:
            context.load_cert_chain(*shown)
        return context

    def issue(
        self, common_name: str, *, address: str = "", days: int = 90, began_days_ago: int = 1
    ) -> tuple[Path, Path]:
        """A certificate for this name (and this address): the files of certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._begun(_called(common_name), key, days, began_days_ago)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            made = made.add_extension(names, critical=False)
        certificate = self._kept(f"{self.name}-{common_name}", made.sign(self._key, hashes.SHA256()))
        file = certificate.with_suffix(".key")
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, file

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, began_days_ago: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=began_days_ago))
            .not_valid_after(now + timedelta(days=days))
        )

    def _kept(self, name: str, certificate: x509.Certificate) -> Path:
        file = self.folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file


def _called(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
