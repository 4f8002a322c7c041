from django.urls import path

from alarp.web.studies import views

urlpatterns = [
    path("studies/", views.studies, name="studies"),
    path("studies/<int:study>/", views.study, name="study"),
]
