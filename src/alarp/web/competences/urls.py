from django.urls import path

from alarp.web.competences import modules, tools, views

urlpatterns = [
    path("competences/", views.competences, name="competences"),
    path("competences/modules/", modules.modules, name="modules"),
    path("competences/modules/<int:module>/", modules.module, name="module"),
    path("competences/modules/<int:module>/assessment/", modules.assessment, name="assessment"),
    path("competences/modules/<int:module>/badge/", modules.badge, name="badge"),
    path("deployments/<slug:slug>/training/", tools.training, name="training"),
    path("deployments/<slug:slug>/training/record/", tools.record_training, name="record-training"),
    path("deployments/<slug:slug>/training/issue/", tools.issue_training, name="issue-training"),
]
