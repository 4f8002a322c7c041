from django.urls import path

from alarp.web.feedback import views

urlpatterns = [
    path("studies/<int:study>/feedback/<int:dispatch>/", views.give, name="give-feedback"),
    path("feedback/", views.feedback, name="feedback"),
    path("feedback/mine/", views.mine, name="my-feedback"),
    path("feedback/<int:feedback>/", views.triage, name="triage"),
]
