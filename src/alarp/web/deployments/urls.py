from django.urls import path

from alarp.web.deployments import views

urlpatterns = [
    path("deployments/propose/", views.propose, name="propose"),
    path("deployments/<slug:slug>/", views.deployment, name="deployment"),
    path("deployments/<slug:slug>/close-route/", views.close_route, name="close-route"),
    path("deployments/<slug:slug>/closures/<int:closure>/lift/", views.lift, name="lift"),
    path("deployments/<slug:slug>/stop/", views.stop, name="stop"),
    path("deployments/<slug:slug>/version/", views.version, name="change-version"),
    path("deployments/<slug:slug>/team/", views.team, name="team"),
]
