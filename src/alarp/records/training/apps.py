from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class TrainingConfig(AppConfig):
    name = "alarp.records.training"
    label = "training"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.training.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("training-coverage", f"{self.name}.checks.training_coverage")
