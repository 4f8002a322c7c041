from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class PeopleConfig(AppConfig):
    name = "alarp.records.people"
    label = "people"

    def ready(self) -> None:
        from alarp.records.people.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
