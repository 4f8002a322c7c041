from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class AppraisalsConfig(AppConfig):
    name = "alarp.records.appraisals"
    label = "appraisals"

    def ready(self) -> None:
        from alarp.records.appraisals.constraints import GUARDS
        from alarp.records.deployments.checks import register

        keep_after_migrate(self, GUARDS)
        register("options-appraised", f"{self.name}.checks.options_appraised")
        register("cost-complete", f"{self.name}.checks.cost_complete")
