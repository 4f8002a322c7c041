"""What is this patient called outside the Trust? Keyed names that only the holder of the key can make again."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from itertools import pairwise

from pydicom.uid import UID_dictionary

from alarp.kernel import BadInput

SHORTEST_KEY_BYTES = 32
LARGEST_SHIFT_DAYS = 365 * 3
MOST_REMEMBERED = 10_000

_WELL_KNOWN = (
    b"secret",
    b"password",
    b"changeme",
    b"default",
    b"alarp",
    b"test",
    b"example",
    b"0123456789",
    b"abcdef",
)


@dataclass(frozen=True)
class Pseudonyms:
    """Which names stand outside for patient, accession and UIDs, under one key?

    HMAC-SHA-256 (RFC 2104, FIPS 198-1) over a label and the value, so that nobody without the key can test
    a guess, and a patient's number and an accession of the same text get unrelated names. The same key
    always gives the same names: a patient's studies stay together at one supplier, and another supplier,
    who has another key, cannot join them. `key_version` says which key it was; it is not part of the
    names. Raises BadInput for a key that is short or can be guessed.
    """

    key: bytes = field(repr=False)
    key_version: int
    issuer: str = ""
    """Whose patient numbers those are that name no issuer: the same number at two hospitals is two people."""
    _known: dict[tuple[str, ...], bytes] = field(
        default_factory=dict, repr=False, compare=False, hash=False, init=False
    )
    """What was worked out before: the names of one study stand in every one of its objects."""

    def __post_init__(self) -> None:
        if len(self.key) < SHORTEST_KEY_BYTES:
            raise BadInput(
                f"The pseudonym key is too short: give at least {SHORTEST_KEY_BYTES} random bytes "
                "(`secrets.token_bytes(32)`)."
            )
        if _can_be_guessed(self.key):
            raise BadInput(
                "The pseudonym key can be guessed (one byte or a known word repeated, or a plain count); "
                "give random bytes (`secrets.token_bytes(32)`)."
            )
        if self.key_version < 0:
            raise BadInput(f"The key version is {self.key_version}; count key versions from 0 upwards.")

    def patient(self, patient_id: str, issuer: str = "") -> str:
        """What is this patient called outside? 'ALARP' and 16 letters and digits (80 bits).

        White space around the parts does not count. Raises BadInput for an empty PatientID, since every
        unknown patient would become one person; see `subject`.
        """
        if not patient_id.strip():
            raise BadInput(
                "The Patient ID (0010,0020) is empty, so no pseudonym can stand for it; hold the study."
            )
        return "ALARP" + self._letters("patient", patient_id.strip(), self.issued_by(issuer))

    def issued_by(self, issuer: str) -> str:
        """Whose is a number that names this issuer, or none?"""
        return issuer.strip() or self.issuer.strip()

    def subject(self, patient_id: str, issuer: str, study_uid: str) -> str:
        """What is the person of this study called outside? As `patient`; without a PatientID, one name a study."""
        if patient_id.strip():
            return self.patient(patient_id, issuer)
        return "ALARP" + self._letters("patient of study", study_uid.strip())

    def accession(self, accession: str) -> str:
        """What is this accession number outside? 16 letters and digits, so that it fits VR SH; empty stays empty."""
        text = accession.strip()
        return self._letters("accession", text) if text else ""

    def uid(self, uid: str) -> str:
        """What is this UID outside? '2.25.' and a 128-bit number (PS3.5 B.2); empty stays empty.

        UIDs that the standard itself registers (SOP classes, transfer syntaxes, well-known frames of
        reference) identify nobody and stay.
        """
        text = uid.strip(" \0")
        if not text or text in UID_dictionary:
            return text
        return "2.25." + str(int.from_bytes(self._digest("uid", text)[:16], "big"))

    def title(self, title: str) -> str:
        """What is this application entity called outside? 'AE' and 14 letters, so that it fits VR AE; empty stays."""
        text = title.strip()
        return "AE" + self._letters("title", text)[:14] if text else ""

    def shift_of_subject(self, patient_id: str, issuer: str, study_uid: str) -> int:
        """By how many days are the dates of this study moved? As the patient's others; alone without a PatientID."""
        if patient_id.strip():
            return self.date_shift_days(patient_id, issuer)
        return self.date_shift_days(study_uid, "study")

    def date_shift_days(self, patient_id: str, issuer: str = "") -> int:
        """By how many days are this patient's dates moved, if they are kept at all? Never 0, always into the past.

        One number for each patient, so that intervals between the patient's studies stay true.
        """
        number = int.from_bytes(
            self._digest("date shift", patient_id.strip(), self.issued_by(issuer))[:8], "big"
        )
        return -(1 + number % LARGEST_SHIFT_DAYS)

    def _letters(self, *parts: str) -> str:
        return base64.b32encode(self._digest(*parts)[:10]).decode("ascii")

    def _digest(self, *parts: str) -> bytes:
        """Each part is preceded by its length, so that ('ab', 'c') and ('a', 'bc') differ."""
        known = self._known.get(parts)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[parts] = self._worked_out(parts)
        return known

    def _worked_out(self, parts: tuple[str, ...]) -> bytes:
        coded = [part.encode("utf-8") for part in ("alarp/v1", *parts)]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in coded)
        return hmac.digest(self.key, message, "sha256")


def _can_be_guessed(key: bytes) -> bool:
    if len(set(key)) < 8:
        return True
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    if len(steps) == 1:
        return True
    if any((key[:period] * len(key))[: len(key)] == key for period in range(1, 17)):
        return True
    plain = key.lower()
    return any(plain.startswith(word) for word in _WELL_KNOWN)
