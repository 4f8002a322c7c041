from django.urls import path

from alarp.web.gates import views

urlpatterns = [
    path("deployments/<slug:slug>/gates/<slug:gate>/", views.gate, name="gate"),
    path("deployments/<slug:slug>/gates/<slug:gate>/answer/<slug:criterion>/", views.answer, name="answer"),
]
