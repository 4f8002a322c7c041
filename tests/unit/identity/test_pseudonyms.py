"""Can anybody without the key tell who stands behind a pseudonym, and does everybody keep one name?"""

from __future__ import annotations

import pytest
from dicom_makers import KEY
from hypothesis import given
from hypothesis import strategies as st

from alarp.identity import Pseudonyms
from alarp.identity.header import valid_uid
from alarp.kernel import BadInput

NAMES = Pseudonyms(KEY, 1)
OTHER = Pseudonyms(KEY[::-1], 1)
TEXT = st.text(min_size=1, max_size=64).filter(lambda text: text.strip())


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"short",
        KEY[:31],
        b"\0" * 32,
        b"k" * 64,
        b"0123456789abcdef0123456789abcdef",
        b"changeme-changeme-changeme-change",
        b"secret" * 6,
        bytes(range(32)),
        KEY[:16] * 2,
    ],
)
def test_a_key_that_can_be_guessed_is_refused(key: bytes) -> None:
    with pytest.raises(BadInput):
        Pseudonyms(key, 1)


@given(TEXT, TEXT)
def test_names_are_fixed_by_key_and_value_and_fit_their_attributes(patient: str, issuer: str) -> None:
    name = NAMES.patient(patient, issuer)

    assert name == Pseudonyms(KEY, 2).patient(patient, issuer) != OTHER.patient(patient, issuer)
    assert name.startswith("ALARP") and len(name) == 21
    assert len(NAMES.accession(patient)) == 16
    assert valid_uid(NAMES.uid(patient)) or not NAMES.uid(patient)
    assert -3 * 365 <= NAMES.date_shift_days(patient, issuer) < 0


def test_patients_with_one_number_from_two_issuers_are_two() -> None:
    assert NAMES.patient("123", "NORTH") != NAMES.patient("123", "SOUTH")
    assert NAMES.patient("12", "3NORTH") != NAMES.patient("123", "NORTH")
    assert NAMES.patient(" 123 ", "NORTH") == NAMES.patient("123", "NORTH ")


def test_a_number_without_an_issuer_is_that_of_the_study_s_and_one_with_an_issuer_stays_its_own() -> None:
    north = Pseudonyms(KEY, 1, issuer="NORTH")

    assert north.patient("123") == north.patient("123", "NORTH") == NAMES.patient("123", "NORTH")
    assert north.patient("123", "SOUTH") == NAMES.patient("123", "SOUTH")
    assert (
        north.date_shift_days("123") == NAMES.date_shift_days("123", "NORTH") != NAMES.date_shift_days("123")
    )


def test_an_empty_value_gets_no_name_and_a_uid_of_the_standard_keeps_its_own() -> None:
    assert NAMES.uid("") == NAMES.accession("") == ""
    assert NAMES.uid("1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"
    with pytest.raises(BadInput):
        NAMES.patient(" ", "NORTH")


def test_the_key_is_not_shown() -> None:
    assert KEY.hex() not in repr(NAMES) and repr(KEY) not in repr(NAMES)
