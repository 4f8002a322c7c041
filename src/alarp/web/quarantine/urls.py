from django.urls import path

from alarp.web.quarantine import views

urlpatterns = [
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/<int:item>/", views.item, name="quarantine-item"),
]
