from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class HazardsConfig(AppConfig):
    name = "alarp.records.hazards"
    label = "hazards"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.hazards.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("hazards-acceptable", f"{self.name}.checks.hazards_acceptable", while_live=True)
        register("safety-case-current", f"{self.name}.checks.safety_case_current")
