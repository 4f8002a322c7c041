from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "alarp.records.ledger"
    label = "ledger"
