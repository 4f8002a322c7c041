from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "alarp.records.evidence"
    label = "evidence"
