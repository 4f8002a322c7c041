from django.urls import path

from alarp.web.reconciliation import views

urlpatterns = [path("reconciliation/", views.reconciliation, name="reconciliation")]
