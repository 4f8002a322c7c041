from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class DeploymentsConfig(AppConfig):
    name = "alarp.records.deployments"
    label = "deployments"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.deployments.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("needs-a-named-role", f"{self.name}.checks.needs_a_named_role")
