from django.urls import path

from alarp.web.evaluations import views

urlpatterns = [
    path("evaluations/", views.evaluations, name="evaluations"),
    path("evaluations/<sha256:sha256>/", views.evaluation, name="evaluation"),
]
