from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "alarp.records.deployments"
    label = "deployments"
