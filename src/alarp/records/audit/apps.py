from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class AuditConfig(AppConfig):
    name = "alarp.records.audit"
    label = "audit"

    def ready(self) -> None:
        from alarp.records.audit.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
