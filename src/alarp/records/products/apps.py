from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class ProductsConfig(AppConfig):
    name = "alarp.records.products"
    label = "products"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.products.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("certificates-current", f"{self.name}.checks.certificates_current", while_live=True)
        register("intended-use-complete", f"{self.name}.checks.intended_use_complete")
        register("claims-graded", f"{self.name}.checks.claims_graded")
        register("due-diligence-answered", f"{self.name}.checks.due_diligence_answered")
