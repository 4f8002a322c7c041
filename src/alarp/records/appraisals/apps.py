from django.apps import AppConfig


class AppraisalsConfig(AppConfig):
    name = "alarp.records.appraisals"
    label = "appraisals"
