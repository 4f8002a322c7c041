from django.urls import path

from alarp.web.hazards import changing, signing, views

LOG = "deployments/<slug:slug>/hazards/"
CASE = "deployments/<slug:slug>/safety-case/"

urlpatterns = [
    path(LOG, views.hazards, name="hazards"),
    path(LOG + "import/", changing.import_hazards, name="import-hazards"),
    path(LOG + "add/", changing.add, name="add-hazard"),
    path(LOG + "<slug:number>/", views.hazard, name="hazard"),
    path(LOG + "<slug:number>/describe/", changing.describe, name="describe-hazard"),
    path(LOG + "<slug:number>/settle/", changing.settle, name="settle-hazard"),
    path(LOG + "<slug:number>/accept/", signing.accept, name="accept-risk"),
    path(LOG + "<slug:number>/controls/add/", changing.add_control, name="add-control"),
    path(LOG + "<slug:number>/controls/<slug:control>/", changing.control, name="control"),
    path(CASE, signing.safety_case, name="safety-case"),
    path(CASE + "statement/", signing.statement, name="safety-statement"),
]
