from django.urls import path

from alarp.web.studies import views

urlpatterns = [
    path("studies/", views.studies, name="studies"),
    path("studies/<int:study>/", views.study, name="study"),
    path("studies/<int:study>/pictures/clear/", views.clear, name="clear-pictures"),
]
