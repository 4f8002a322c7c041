from django.apps import AppConfig


class MonitorsConfig(AppConfig):
    name = "alarp.records.monitors"
    label = "monitors"
