from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "alarp.records.watch"
    label = "watch"
