from django.urls import path

from alarp.web.products import changes, views

_VERSION = "products/<slug:slug>/versions/<int:version>/"

urlpatterns = [
    path("products/", views.products, name="products"),
    path("products/register/", changes.register_product, name="register-product"),
    path("products/<slug:slug>/", views.product, name="product"),
    path("products/<slug:slug>/versions/register/", changes.register_version, name="register-version"),
    path(_VERSION + "intended-use/", changes.intended_use, name="state-intended-use"),
    path(_VERSION + "device/", changes.device, name="state-device"),
    path(_VERSION + "documents/add/", changes.add_document, name="add-document"),
    path(_VERSION + "claims/add/", changes.add_claim, name="add-claim"),
    path("supplier-documents/<int:document>/", views.supplier_document, name="supplier-document"),
    path("deployments/<slug:slug>/device/", views.device, name="device"),
]
