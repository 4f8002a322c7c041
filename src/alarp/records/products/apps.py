from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class ProductsConfig(AppConfig):
    name = "alarp.records.products"
    label = "products"

    def ready(self) -> None:
        from alarp.records.products import checks
        from alarp.records.products.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        checks.register_all()
