"""Signing in with and without a second step, and out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from journeys.somebody import Somebody
from pages.small_hospital import PASSWORD

STEP_S = 30


def code_for(secret: str, *, after: str = "") -> str:
    """What the authenticator app shows now; a code is accepted once, so the next one is waited for."""
    while True:
        code = format_hotp_value(hotp_value(secret, int(time.time()) // STEP_S))
        if code != after:
            return code
        time.sleep(1)


def test_a_wrong_password_is_said_without_saying_which_of_the_two_was_wrong(
    somebody: Callable[..., Somebody],
) -> None:
    joy = somebody("digital-lead", signed_in=False)
    joy.signs_in("not the password at all")
    joy.reads("The username and the password do not belong together.")
    assert joy.page.title().startswith("Error: ")


def test_a_person_with_an_authenticator_app_is_asked_for_its_code_when_signing_in_and_when_signing(
    somebody: Callable[..., Somebody],
) -> None:
    # given somebody who adds an authenticator app
    imran = somebody("information-governance")
    imran.page.get_by_role("link", name="Imran Shah").click()
    imran.follows("Add an authenticator app")
    imran.reads("Confirm that it is you")
    imran.fills(Password=PASSWORD)
    imran.presses("Confirm")
    imran.reads("Key: ")
    secret = re.search(r"Key: ([A-Z2-7]+)", imran.page.get_by_role("main").inner_text())
    assert secret is not None
    first = code_for(secret.group(1))
    imran.field("Six-digit code that the app shows now").fill(first)
    imran.presses("Add the app")
    imran.reads("Recovery codes")
    # when he signs out and in again, the password alone is not enough
    imran.page.get_by_role("button", name="Sign out").click()
    imran.signs_in()
    imran.reads("Your account asks for a code as well as your password.")
    second = code_for(secret.group(1), after=first)
    imran.field("Six-digit code from your authenticator app, or a recovery code").fill(second)
    imran.presses("Sign in")
    imran.reads("Board")
    # and at a gate the password alone signs nothing
    imran.opens("/deployments/nodule-riverside/gates/live/")
    again = imran.page.get_by_text("Sign again all the same")
    if again.count():
        again.click()
    imran.ticks("Ask a question")
    imran.fills(Reason="Who publishes the leaflet?", Your_password=PASSWORD)
    imran.field("Code from your authenticator app").fill("000000")
    imran.presses("Sign")
    imran.reads("This code is not valid now. Nothing was signed.")
    imran.does_not_read("Imran Shah asked")


def test_signing_out_ends_the_session(somebody: Callable[..., Somebody]) -> None:
    liam = somebody("procurement")
    liam.reads("Board")
    liam.page.get_by_role("button", name="Sign out").click()
    liam.opens("/")
    liam.reads("Sign in")
