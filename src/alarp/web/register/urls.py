from django.urls import path

from alarp.web.register import views

urlpatterns = [
    path("register/", views.register, name="register"),
    path("register/<slug:slug>/", views.tool, name="register-tool"),
    path("register/<slug:slug>/easy-read/", views.easy, name="register-easy"),
    path("register/<slug:slug>/leaflet.pdf", views.leaflet, name="register-leaflet"),
    path("register/<slug:slug>/easy-read.pdf", views.easy_leaflet, name="register-easy-leaflet"),
]
