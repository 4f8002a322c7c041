from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class EvidenceConfig(AppConfig):
    name = "alarp.records.evidence"
    label = "evidence"

    def ready(self) -> None:
        from alarp.records.evidence.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
