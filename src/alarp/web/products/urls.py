from django.urls import path

from alarp.web.products import views

urlpatterns = [
    path("products/", views.products, name="products"),
    path("products/<slug:slug>/", views.product, name="product"),
]
