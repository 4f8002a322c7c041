from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class ProtocolsConfig(AppConfig):
    name = "alarp.records.protocols"
    label = "protocols"

    def ready(self) -> None:
        from alarp.records.protocols.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
