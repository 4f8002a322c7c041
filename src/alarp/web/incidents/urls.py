from django.urls import path

from alarp.web.incidents import views

urlpatterns = [
    path("incidents/", views.incidents, name="incidents"),
    path("deployments/<slug:slug>/incidents/report/", views.report, name="report-incident"),
    path("deployments/<slug:slug>/incidents/<int:number>/", views.incident, name="incident"),
    path("deployments/<slug:slug>/incidents/<int:number>/decide/", views.decide, name="decide-incident"),
]
