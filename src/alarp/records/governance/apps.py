from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "alarp.records.governance"
    label = "governance"
