from django.urls import path

from alarp.web.audit import views

urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("audit/verify/", views.verify, name="audit-verify"),
    path("audit/chain/<slug:slug>/", views.one_stream, name="audit-stream"),
]
