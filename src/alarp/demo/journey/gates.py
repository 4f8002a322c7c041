"""How does a tool pass a gate? Somebody puts the evidence on the table, others read it and sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from alarp.demo.cases import load
from alarp.demo.hospital import PASSWORD, Hospital
from alarp.demo.journey import rooms
from alarp.demo.journey.paperwork import Paper, written
from alarp.demo.telling import Story
from alarp.pathway import Gate, Pathway
from alarp.standards import load_pathway

# Who brings the papers: people who do not sign at the gates where they bring them.
BRINGS_PAPERS = ("joy", "fatima", "olu")
PROTECTED_HOURS = {"patient-representative": "1", "procurement": "2"}


@dataclass
class Candidate:
    """One deployment on its way, and who holds which role in its team."""

    hospital: Hospital
    story: Story
    slug: str
    tool: str
    day: date
    pathway: Pathway = field(default_factory=load_pathway)
    team: dict[str, str] = field(default_factory=dict)

    @property
    def page(self) -> str:
        return f"/deployments/{self.slug}/"

    def gather_team(self, manager: str) -> None:
        """Fill every role of the team, with protected hours."""
        for person in self.hospital.people["people"]:
            for role in person["roles"]:
                if role in {"administrator", "region-lead", "supplier"}:
                    continue
                self.team[role] = person["username"]
                self.hospital.visit(manager).submit(
                    f"{self.page}team/",
                    {
                        "role": role,
                        "person": person["username"],
                        "protected_hours_week": PROTECTED_HOURS.get(role, "4"),
                    },
                    having="role",
                )

    def pass_gate(self, slug: str, real: Mapping[str, Paper] | None = None) -> Gate:
        """Answer every criterion of a gate, then collect every signature it needs."""
        gate = self.answer_gate(slug, real)
        for role in gate.roles:
            self.sign(gate, role)
        return gate

    def answer_gate(self, slug: str, real: Mapping[str, Paper] | None = None) -> Gate:
        """Answer every criterion: with what was measured, with what a room of the site makes, or with a paper."""
        gate, case = self.pathway.gate(slug), load(self.tool.lower())
        for criterion in gate.criteria:
            if criterion.slug in (real or {}):
                self.answer(gate, criterion.slug, (real or {})[criterion.slug])
            elif criterion.slug in rooms.MAKERS:
                rooms.MAKERS[criterion.slug](self, case)
            elif criterion.slug not in rooms.ALSO_ANSWERED:
                self.answer(gate, criterion.slug, written(criterion, self.tool, self.day))
        return gate

    def answer(self, gate: Gate, criterion: str, paper: Paper) -> None:
        """Put one paper before a gate."""
        bringer = next(name for name in BRINGS_PAPERS if name not in {self.team.get(r) for r in gate.roles})
        self.hospital.visit(bringer).submit(
            f"{self.page}gates/{gate.slug}/answer/{criterion}/",
            {"title": paper.title, "design": paper.design, "dated": self.day.isoformat(), "expires_on": ""},
            having="title",
            files={"document": (paper.name, paper.content, paper.media_type)},
        )

    def sign(
        self, gate: Gate, role: str, *, outcome: str = "approve", reason: str = "", meaning: str = ""
    ) -> None:
        """One person reads the gate's page and signs it, proving again who they are."""
        self.hospital.visit(self.team[role]).submit(
            f"{self.page}gates/{gate.slug}/",
            {"role": role, "outcome": outcome, "reason": reason, "meaning": meaning, "password": PASSWORD},
            having="evidence_digest",
        )

    def route(self) -> str:
        """What the route's sign says on the deployment's page: closed, silent or live."""
        page = self.hospital.visit("chidi").read(self.page)
        found = re.search(r"alarp-route alarp-route--(\w+)", page)
        said = found.group(1) if found else ""
        return "closed" if said == "held" else said

    def tell_gate(self, gate: Gate) -> None:
        """Say who signed."""
        signers = ", ".join(self.name_of(self.team[role]) for role in gate.roles)
        self.story.tell(
            f"{self.tool}: gate '{gate.slug}' is open; {len(gate.criteria)} criteria answered, signed by {signers}."
        )

    def name_of(self, username: str) -> str:
        """The person's name, for the story."""
        return next(str(p["full_name"]) for p in self.hospital.people["people"] if p["username"] == username)
