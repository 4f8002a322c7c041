from django.urls import path

from alarp.web.holds import views

urlpatterns = [
    path("deployments/<slug:slug>/holds/raise/", views.raise_hold, name="raise-hold"),
    path("deployments/<slug:slug>/holds/<int:number>/", views.hold, name="hold"),
]
