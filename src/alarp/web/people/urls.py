from django.urls import path

from alarp.web.people import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/<int:person>/", views.person, name="person"),
    path("interests/", views.interests, name="interests"),
]
