from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class MonitorsConfig(AppConfig):
    name = "alarp.records.monitors"
    label = "monitors"

    def ready(self) -> None:
        from alarp.records.monitors.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
