from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "alarp.records.people"
    label = "people"
