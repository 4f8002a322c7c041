from django.urls import path

from alarp.web.reviews import views

urlpatterns = [path("deployments/<slug:slug>/review/", views.review, name="review")]
