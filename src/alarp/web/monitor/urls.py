from django.urls import path

from alarp.web.monitor import views

urlpatterns = [
    path("deployments/<slug:slug>/monitor/", views.monitor, name="monitor"),
    path("deployments/<slug:slug>/monitor/<slug:monitor>/", views.chart, name="monitor-chart"),
]
