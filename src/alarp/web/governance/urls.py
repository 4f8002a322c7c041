from django.urls import path

from alarp.web.governance import patients, views

BASE = "deployments/<slug:slug>/governance/"

urlpatterns = [
    path(BASE, views.governance, name="governance"),
    path(f"{BASE}responsibilities/", views.responsibilities, name="responsibilities"),
    path(f"{BASE}responsibilities/change/", views.change_responsibilities, name="responsibilities-change"),
    path(f"{BASE}data-flow/", views.data_flow, name="data-flow"),
    path(f"{BASE}data-flow/change/", views.change_data_flow, name="data-flow-change"),
    path(f"{BASE}assessment/", views.assessment, name="impact-assessment"),
    path(f"{BASE}readiness/", views.readiness, name="readiness"),
    path(f"{BASE}readiness/change/", views.change_readiness, name="readiness-change"),
    path(f"{BASE}connections/", views.connections, name="connections"),
    path(f"{BASE}involvement/", patients.involvement, name="involvement"),
    path(f"{BASE}patient-information/", patients.patient_information, name="patient-information"),
    path(
        f"{BASE}patient-information/write/",
        patients.write_patient_information,
        name="patient-information-write",
    ),
]
