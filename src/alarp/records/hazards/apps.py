from django.apps import AppConfig


class HazardsConfig(AppConfig):
    name = "alarp.records.hazards"
    label = "hazards"
