from django.urls import path

from alarp.web.glossary import views

urlpatterns = [path("glossary/", views.glossary, name="glossary")]
