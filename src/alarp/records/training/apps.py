from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "alarp.records.training"
    label = "training"
