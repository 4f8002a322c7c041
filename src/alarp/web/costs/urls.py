from django.urls import path

from alarp.web.costs import views

HERE = "deployments/<slug:slug>/costs/"

urlpatterns = [
    path(HERE, views.costs, name="costs"),
    path(f"{HERE}case/", views.case, name="cost-case"),
    path(f"{HERE}options/", views.options, name="cost-options"),
    path(f"{HERE}issue/", views.issue, name="cost-issue"),
    path(f"{HERE}<int:cost_case>/", views.version, name="cost-version"),
    path(f"{HERE}<int:cost_case>/case.yaml", views.file, name="cost-file"),
]
