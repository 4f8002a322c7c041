from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class GovernanceConfig(AppConfig):
    name = "alarp.records.governance"
    label = "governance"

    def ready(self) -> None:
        from alarp.records.governance import checks
        from alarp.records.governance.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        checks.register_all()
