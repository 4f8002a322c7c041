from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "alarp.records.products"
    label = "products"
