from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "alarp.records.audit"
    label = "audit"
