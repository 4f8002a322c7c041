from django.urls import path

from alarp.web.alerts import views

urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("deployments/<slug:slug>/alarms/<int:number>/", views.alert, name="alert"),
    path("deployments/<slug:slug>/alarms/", views.alarms, name="alarms"),
    path("deployments/<slug:slug>/alarms/draft/", views.draft, name="draft-alarms"),
]
