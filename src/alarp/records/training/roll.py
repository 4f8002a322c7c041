"""Who may act on which tool? The facts of many people and deployments, read in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q
from django.utils.timezone import localdate

from alarp.pathway import Entitlement, May, Pass, TrainingFacts, entitlement
from alarp.pathway import Module as ModuleFact
from alarp.records.deployments.models import Deployment, TeamMember
from alarp.records.people.models import RoleHolding
from alarp.records.people.queries import line_of
from alarp.records.training.acknowledging import acknowledged
from alarp.records.training.models import DeploymentUser, Module, TrainingRecord

# Members of a team in these roles act on what the tool says, whether or not the list of users names them.
ACTS_ON_RESULTS = frozenset({"reader", "radiographer", "clinical-lead"})


def key_of(module: Module) -> str:
    """One module through its editions; slugs are a Trust's own."""
    return f"{module.organisation_id}.{module.slug}"


class Roll:
    """The training of everybody concerned by these deployments at one moment, or of these people alone."""

    def __init__(
        self, deployments: Iterable[Deployment], at: datetime, *, people: Collection[int] | None = None
    ) -> None:
        self.at, self.day = at, localdate(at)
        self._deployments = {d.pk: d for d in deployments}
        self._lines = {d.pk: frozenset(o.pk for o in line_of(d.site)) for d in self._deployments.values()}
        self.users = self._load_users(people)
        self._roles = self._load_roles(people)
        everybody = {person for person, _ in self._roles} | set(people or ())
        self.modules = self._load_modules()
        self._passes = self._load_passes(everybody)
        self._held = self._load_held(everybody)
        self._acknowledged = {
            d.pk: acknowledged(d, everybody, at) if everybody else frozenset()
            for d in self._deployments.values()
        }

    def _at_the_time(self) -> Q:
        return Q(since__lte=self.at) & (Q(until__isnull=True) | Q(until__gt=self.at))

    def _load_users(self, people: Collection[int] | None) -> dict[int, list[DeploymentUser]]:
        rows = DeploymentUser.objects.filter(
            self._at_the_time(), deployment__in=self._deployments, person__is_active=True
        ).select_related("person")
        if people is not None:
            rows = rows.filter(person__in=people)
        found: dict[int, list[DeploymentUser]] = {pk: [] for pk in self._deployments}
        for row in rows.order_by("role", "person__full_name", "pk"):
            found[row.deployment_id].append(row)
        return found

    def _load_roles(self, people: Collection[int] | None) -> dict[tuple[int, int], set[str]]:
        """(person, deployment) → the roles in which they use the tool there."""
        found: dict[tuple[int, int], set[str]] = defaultdict(set)
        for rows in self.users.values():
            for row in rows:
                found[row.person_id, row.deployment_id].add(row.role)
        team = TeamMember.objects.filter(
            self._at_the_time(), deployment__in=self._deployments, role__in=ACTS_ON_RESULTS
        )
        if people is not None:
            team = team.filter(person__in=people)
        for person, deployment, role in team.values_list("person_id", "deployment_id", "role"):
            found[person, deployment].add(role)
        return found

    def _load_modules(self) -> dict[str, Module]:
        """The newest edition of each module that concerns these deployments, general ones included."""
        products = {d.version.product_id for d in self._deployments.values()}
        lines = {pk for line in self._lines.values() for pk in line}
        rows = Module.objects.filter(
            Q(version__isnull=True) | Q(version__product__in=products),
            organisation__in=lines,
            added_at__lte=self.at,
        ).select_related("version__product", "organisation")
        return {key_of(row): row for row in rows.order_by("edition", "pk")}

    def _load_passes(self, everybody: Collection[int]) -> dict[int, list[TrainingRecord]]:
        products = {d.version.product_id for d in self._deployments.values()}
        rows = (
            TrainingRecord.objects.filter(
                Q(withdrawal__isnull=True) | Q(withdrawal__at__gt=self.at),
                Q(module__version__isnull=True) | Q(module__version__product__in=products),
                person__in=everybody,
                recorded_at__lte=self.at,
            )
            .select_related("module__version__product")
            .defer("envelope", "module__outcomes", "module__teaches")
            .order_by("dated", "pk")
        )
        found: dict[int, list[TrainingRecord]] = defaultdict(list)
        for row in rows:
            found[row.person_id].append(row)
        return found

    def _load_held(self, everybody: Collection[int]) -> dict[int, set[str]]:
        rows = RoleHolding.objects.filter(
            Q(until__isnull=True) | Q(until__gte=self.day), person__in=everybody, since__lte=self.day
        )
        found: dict[int, set[str]] = defaultdict(set)
        for person, role in rows.values_list("person_id", "role"):
            found[person].add(role)
        return found

    def roles(self, person: int, deployment: Deployment) -> tuple[str, ...]:
        """In which roles, still held, does this person use the tool there?"""
        named = self._roles.get((person, deployment.pk), set())
        return tuple(sorted(named & self._held.get(person, set())))

    def records(self, person: int) -> tuple[TrainingRecord, ...]:
        """What this person passed that concerns these deployments, oldest first."""
        return tuple(self._passes.get(person, ()))

    def modules_for(self, deployment: Deployment) -> tuple[Module, ...]:
        """The modules in force for exactly the deployed version, and the general ones of its Trust."""
        line = self._lines[deployment.pk]
        return tuple(
            m
            for m in self.modules.values()
            if m.organisation_id in line and m.version_id in (None, deployment.version_id)
        )

    def trains_for(self, deployment: Deployment) -> bool:
        """Is there a module about this product, of whatever version? Only then is anything withheld."""
        line = self._lines[deployment.pk]
        return any(
            m.version is not None
            and m.version.product_id == deployment.version.product_id
            and m.organisation_id in line
            for m in self.modules.values()
        )

    def entitlement(self, person: int, deployment: Deployment) -> Entitlement:
        """May this person act on what this tool says there?"""
        line = self._lines[deployment.pk]
        return entitlement(
            TrainingFacts(
                day=self.day,
                tool=str(deployment.version),
                roles=self.roles(person, deployment),
                modules=tuple(module_fact(m) for m in self.modules_for(deployment)),
                passes=tuple(
                    Pass(key_of(r.module), r.dated, r.expires_on, r.module.tool)
                    for r in self.records(person)
                    if r.module.organisation_id in line
                    and (
                        r.module.version is None
                        or r.module.version.product_id == deployment.version.product_id
                    )
                ),
                acknowledged=person in self._acknowledged[deployment.pk],
            )
        )


def module_fact(module: Module) -> ModuleFact:
    """What the pathway needs to know of a module."""
    return ModuleFact(
        slug=key_of(module),
        title=module.title,
        tool=module.tool,
        grants=tuple((role, May(may)) for role, may in module.grants.items()),
        asked_of=tuple(module.asked_of),
    )
