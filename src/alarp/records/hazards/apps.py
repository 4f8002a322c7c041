from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class HazardsConfig(AppConfig):
    name = "alarp.records.hazards"
    label = "hazards"

    def ready(self) -> None:
        from alarp.records.hazards import checks
        from alarp.records.hazards.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        checks.register_all()
