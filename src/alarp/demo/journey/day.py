"""Act three: a day in the department, with everything that can go wrong on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset

from alarp.demo import scans
from alarp.demo.hospital import PASSWORD, Hospital, expect
from alarp.demo.journey.gates import Candidate
from alarp.demo.processes import Machine
from alarp.demo.telling import Story
from alarp.phantom import Scan, fictional_patient

LIVE_FILMS = 4
ROOM_A = (0,)  # room B is waiting for its engineer


@dataclass
class Day:
    """The department on one day; each scene is one method."""

    hospital: Hospital
    story: Story
    nodules: Candidate
    tool: Machine
    when: datetime

    def work(self, films: list[Scan], spare: list[Scan]) -> None:
        """Every scene, in the order of the day."""
        for scene in (
            lambda: self.ordinary_films(films),
            self.real_images,
            self.test_object,
            self.other_site,
            lambda: self.opt_out(spare[0]),
            lambda: self.wrong_patient(spare[1]),
            lambda: self.tool_down(spare[2:4]),
            lambda: self.hold(spare[4], spare[5]),
        ):
            scene()
            self.story.step()

    def filed(self, expected: int, what: str) -> None:
        """Wait until so many results more lie in the PACS."""
        self.hospital.wait(what, lambda: len(set(self.hospital.in_pacs())) >= expected)

    def filed_now(self) -> int:
        return len(set(self.hospital.in_pacs()))

    def ordinary_films(self, films: list[Scan]) -> None:
        """Films from room A; each gets its report under the original study."""
        before = self.filed_now()
        for film in films:
            self.hospital.scan(film.datasets, scans.station_of(film))
        self.filed(before + len(films), f"{len(films)} reports lie in the PACS")
        self.story.tell(
            f"{len(films)} chest films from room A at Riverside: {len(films)} NoduleFlag reports filed in the PACS."
        )

    def real_images(self) -> None:
        """Four real images: one is for NoduleFlag, three are not, each with its reason."""
        before = self.filed_now()
        for name in scans.REAL:
            self.hospital.scan([scans.real_image(name)], "SIMA1")
        self.filed(before + 1, "the real chest film has its report")
        self.story.tell(
            "A real Philips chest film with many nodules went to NoduleFlag and came back with its report."
        )
        self.story.tell(
            "A real ankle film, head CT and shoulder MR were refused, each with its reason on its page."
        )

    def test_object(self) -> None:
        """The morning's quality-assurance film is nobody's chest."""
        self.hospital.scan(scans.test_object(0, self.when).datasets, "SIMA1")
        self.story.tell("A quality-assurance film, entered as a chest, was held: it is no patient.")

    def other_site(self) -> None:
        """A chest film from Moorgate, where nobody has signed for NoduleFlag."""
        (order,) = scans.orders(1, first_patient=600, when=self.when, prefix="MG", scanners=scans.MOORGATE)
        film = scans.film(order)
        self.hospital.scan(film.datasets, scans.station_of(film))
        self.story.tell("A chest film from Moorgate stayed there: the gates were signed for Riverside alone.")

    def opt_out(self, film: Scan) -> None:
        """A patient says no at the desk; nothing of theirs leaves."""
        image = film.datasets[0]
        desk = self.hospital.visit("dana")
        started = time.monotonic()
        self.record_opt_out(str(image.PatientID))
        took_s = time.monotonic() - started
        arrived = self.hospital.reached("noduleflag")
        self.hospital.scan([image], scans.station_of(film))
        self.settle()
        expect(
            self.hospital.reached("noduleflag") == arrived, "an opted-out patient's film left the hospital."
        )
        self.story.tell(
            f"{fictional_name(image)} does not want AI: recorded at the desk by {desk.username} in {took_s:.1f} s; "
            "the film that came next stayed here."
        )

    def record_opt_out(self, patient_id: str) -> None:
        """One field, one choice, one confirmation."""
        desk, place = self.hospital.visit("dana"), "/opt-outs/record/"
        wish = {"number": patient_id, "reach": "every"}
        desk.ask(place, wish, having="number")
        desk.submit(place, {**wish, "confirmed": "yes"}, having="number")

    def settle(self) -> None:
        """Let the quiet timer run out and the route finish what it has in hand."""
        time.sleep(2)

    def wrong_patient(self, film: Scan) -> None:
        """The tool mixes two patients up, once; the result is caught on its way back."""
        before, quarantined = self.filed_now(), int(self.hospital.balance()["quarantined"])
        self.restart_tool(faults=("wrong-patient-once",))
        answered = self.hospital.answered_by("noduleflag")
        self.hospital.scan(film.datasets, scans.station_of(film))
        self.hospital.wait(
            "the tool has answered", lambda: self.hospital.answered_by("noduleflag") > answered
        )
        self.hospital.wait(
            "the wrong patient's result is in quarantine",
            lambda: int(self.hospital.balance()["quarantined"]) > quarantined,
            every_s=1.0,
        )
        expect(self.filed_now() == before, "a result for the wrong patient reached the PACS.")
        self.story.tell(
            "NoduleFlag returned a result under another patient: quarantined, with what disagreed."
        )

    def restart_tool(self, *, faults: tuple[str, ...] = ()) -> None:
        """The vendor restarts the tool on the same port."""
        port = self.tool.port
        self.tool.stop()
        self.tool = self.hospital.start_tool("noduleflag", "NODULEFLAG", port=port, faults=faults)

    def tool_down(self, films: list[Scan]) -> None:
        """The tool dies; films queue; it comes back, and each is answered once."""
        before = self.filed_now()
        self.tool.kill()
        for film in films:
            self.hospital.scan(film.datasets, scans.station_of(film))
        self.settle()
        expect(self.filed_now() == before, "a result appeared while the tool was down.")
        self.story.tell(f"NoduleFlag is down: {len(films)} films wait, readers read on without it.")
        port = self.tool.port
        self.tool = self.hospital.start_tool("noduleflag", "NODULEFLAG", port=port)
        self.filed(before + len(films), "the backlog is drained")
        self.story.tell(f"NoduleFlag is back: the backlog of {len(films)} is drained, no report twice.")

    def hold(self, while_held: Scan, after: Scan) -> None:
        """A radiographer raises a safety hold: the very next study stays here, until the officer has answered."""
        before = self.filed_now()
        dana = self.hospital.visit("dana")
        dana.submit(
            f"{self.nodules.page}holds/raise/",
            {
                "concern": "Two films of one patient carried the same score to four digits.",
                "exit_criterion": "The supplier explains the two scores, and the physicist repeats both films.",
                "officer": "helen",
            },
            having="concern",
        )
        self.story.tell("Dana raised a safety hold on NoduleFlag: gate shut, route closed, at once.")
        self.hospital.scan(while_held.datasets, scans.station_of(while_held))
        self.settle()
        expect(self.filed_now() == before, "a study was sent during a safety hold.")
        self.story.tell("The next film stayed in the hospital, and its page says why.")
        self.hospital.visit("helen").submit(
            f"{self.nodules.page}holds/1/",
            {
                "answer": "Both films were sent twice by the scanner; the scores were of the same image. Repeated: differs.",
                "password": PASSWORD,
            },
            having="answer",
        )
        self.hospital.scan(after.datasets, scans.station_of(after))
        self.filed(before + 1, "the first film after the hold has its report")
        self.story.tell(
            "The clinical safety officer answered in writing; the route is open and the next film went through."
        )


def day_films(when: datetime) -> list[Scan]:
    return scans.simulate_films(
        scans.orders(LIVE_FILMS, first_patient=800, when=when, prefix="LV", scanners=ROOM_A)
    )


def spare_films(when: datetime) -> list[Scan]:
    return scans.simulate_films(scans.orders(6, first_patient=400, when=when, prefix="SP", scanners=ROOM_A))


def fictional_name(image: Dataset) -> str:
    """Who is this? A fictional person, so the story may say the name; no log of Alarp ever does."""
    number = int(str(image.PatientID).removeprefix("SIM"))
    return str(fictional_patient(number).name).replace("^", " ").title()
