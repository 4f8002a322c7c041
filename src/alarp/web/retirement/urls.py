from django.urls import path

from alarp.web.retirement import views

urlpatterns = [path("deployments/<slug:slug>/retirement/", views.retirement, name="retirement")]
