"""From a need to signed gates, and back: what people do with a deployment, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from journeys.somebody import Somebody
from pages.small_hospital import PASSWORD

Arrives = Callable[[str], Somebody]


def sign(person: Somebody, outcome: str, *, password: str = PASSWORD, reason: str = "") -> None:
    person.ticks(outcome)
    person.fills(Reason=reason, Your_password=password)
    person.presses("Sign")


@pytest.mark.need("P03")
def test_a_radiographer_proposes_a_tool_from_a_problem_on_the_ward(somebody: Arrives) -> None:
    # given a radiographer with a problem
    dana = somebody("radiographer")
    # when she proposes a tool for it
    dana.opens("/")
    dana.follows("Propose a tool")
    dana.chooses("Which tool, in which version?", "NoduleFlag 2.1.0")
    dana.chooses("At which site?", "Riverside Hospital")
    dana.field("What for, in one line?").fill("Read suspicious films of the chest clinic first")
    dana.field("Short name for addresses").fill("clinic-films")
    dana.field("Which problem does it solve, in the words of those who have it?").fill(
        "Clinic films wait behind routine films, and nobody knows which of them matter."
    )
    dana.field("Which role raised it?").fill("Lead radiographer")
    dana.shows_the_documentation("propose-a-tool")
    dana.presses("Propose")
    # then it stands at the need, nothing flows, and what is missing is said
    dana.reads("Proposed.")
    dana.reads("0 of 3 criteria met")
    dana.reads("nothing is sent before the gates up to procure are open")
    dana.reads(re.compile("vacant: clinical lead"))
    dana.opens("/")
    dana.reads("Read suspicious films of the chest clinic first")


@pytest.mark.need("X01", "X03")
def test_a_gate_opens_with_the_last_of_three_personal_signatures(somebody: Arrives) -> None:
    # given a need gate with its evidence, and nobody's signature
    gate = "/deployments/liver-moorgate/gates/need/"
    amara = somebody("clinical-lead")
    amara.opens(gate)
    amara.reads("3 pieces of evidence for 3 criteria")
    amara.reads("Nobody has signed here yet.")
    amara.shows_the_documentation("gate")
    # when she mistypes her password, nothing is signed
    sign(amara, "Approve", password="not my password")
    amara.reads("This is not your password. Nothing was signed.")
    assert amara.page.title().startswith("Error: ")
    # when all three sign with their own
    sign(amara, "Approve")
    amara.reads("Signed: approved.")
    amara.reads("Dr Amara Okafor approved as clinical lead")
    for role in ("service-manager", "patient-representative"):
        person = somebody(role)
        person.opens(gate)
        sign(person, "Approve")
        person.reads("Signed: approved.")
    # then the gate is open, the next one waits, and the timeline names everybody
    amara.opens("/deployments/liver-moorgate/")
    amara.reads("Next: Appraise")
    amara.reads("Noor Haddad approved the need gate, as patient representative.")
    amara.shows_the_documentation("deployment")


def test_somebody_without_the_role_is_refused_with_a_sentence(somebody: Arrives) -> None:
    # given a data analyst in the team, who answers for nothing at the need gate
    fatima = somebody("data-analyst")
    fatima.opens("/deployments/nodule-riverside/gates/review/")
    # when she tries to sign in the clinical lead's place
    fatima.chooses("You sign as", "Clinical lead")
    sign(fatima, "Approve")
    # then she is refused, in words
    fatima.reads("You may not do this")
    fatima.reads("clinical lead")
    fatima.opens("/deployments/nodule-riverside/gates/review/")
    fatima.reads("Nobody has signed here yet.")


def test_a_signature_is_refused_when_the_evidence_changed_since_the_page_was_opened(
    somebody: Arrives,
) -> None:
    gate = "/deployments/liver-riverside/gates/evaluate/"
    # given a physicist who has an open gate before his eyes, to sign it again
    chidi = somebody("lead-physicist")
    chidi.opens(gate)
    chidi.page.get_by_text("Sign again all the same").click()
    # when somebody else adds evidence before he signs
    wren = somebody("writer")
    wren.opens(gate + "answer/claims/")
    wren.page.locator("input[type=file]").set_input_files(
        {"name": "claims.txt", "mimeType": "text/plain", "buffer": b"A second reading of each claim."}
    )
    wren.fills(Title="Claims, read again", **{"Which_day_does_it_speak_of?": "2026-01-15"})
    wren.presses("Record the evidence")
    wren.reads("The evidence is recorded and answers this criterion.")
    # then his signature does not count for what he has not seen
    sign(chidi, "Refuse", reason="The second reading is missing.")
    chidi.reads(re.compile("evidence", re.IGNORECASE))
    assert chidi.page.title().startswith("Error: ")
    chidi.reads("Claims, read again")


@pytest.mark.need("A11")
def test_a_safety_hold_closes_the_route_at_once_until_the_named_officer_answers_in_writing(
    somebody: Arrives,
) -> None:
    # given a live tool
    dana = somebody("radiographer")
    dana.opens("/deployments/nodule-riverside/")
    dana.reads("every gate up to live is open and signed")
    # when a radiographer raises a hold
    dana.follows("Raise a safety hold")
    dana.field("What worries you?").fill("Two films were marked on the wrong side this morning.")
    dana.field("What must be true before the route opens again?").fill(
        "The side is right on 50 films in a row."
    )
    dana.chooses("Who must answer it?", "Dr Helen Marsh")
    dana.presses("Raise the hold now")
    dana.reads("The route is closed from now on.")
    hold = dana.page.url.removeprefix(dana.site.address)
    # then the board says so to everybody
    chidi = somebody("lead-physicist")
    chidi.opens("/")
    chidi.reads("Two films were marked on the wrong side this morning.")
    chidi.shows_the_documentation("board")
    # and nobody but the officer can clear it
    chidi.opens(hold)
    chidi.reads("Only Dr Helen Marsh can clear it, in writing.")
    # when the officer answers in writing, with her password
    helen = somebody("clinical-safety-officer")
    helen.opens(hold)
    helen.fills(Your_password=PASSWORD)
    helen.presses("Sign and clear the hold")
    helen.reads("Write the answer: a hold is never cleared without one.")
    helen.fills(
        Your_answer="The viewer was mirrored; corrected and tested on 60 films.", Your_password=PASSWORD
    )
    helen.presses("Sign and clear the hold")
    helen.reads("The viewer was mirrored")
    # then the route is live again, and the hold stays readable
    dana.opens("/deployments/nodule-riverside/")
    dana.reads("every gate up to live is open and signed")
    dana.reads("Two films were marked on the wrong side this morning.")


def test_a_route_is_closed_by_hand_and_opens_only_by_a_signed_lifting(somebody: Arrives) -> None:
    # given a live tool and a PACS that must be repaired
    gareth = somebody("pacs-manager")
    gareth.opens("/deployments/nodule-riverside/")
    # when the PACS manager closes the route
    gareth.follows("Close the route")
    gareth.field("Why do you close the route?").fill("The PACS is repaired until noon.")
    gareth.presses("Close the route now")
    # then the reason stands under the switch, and the PACS manager cannot open it again
    gareth.reads("The PACS is repaired until noon.")
    gareth.does_not_read("Lift this closure")
    # when the clinical lead lifts it, signed
    amara = somebody("clinical-lead")
    amara.opens("/deployments/nodule-riverside/")
    amara.follows("Lift this closure")
    amara.field("Why may the route open again?").fill("The repair is done and tested.")
    amara.fills(Your_password=PASSWORD)
    amara.presses("Sign and lift")
    # then the route follows its gates again
    amara.reads("The closure is lifted.")
    amara.reads("every gate up to live is open and signed")
