from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class MessagesConfig(AppConfig):
    name = "alarp.records.messages"
    label = "hospital_messages"  # Django's own `messages` (the notes at the top of a page) has the short name

    def ready(self) -> None:
        from alarp.records.messages.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
