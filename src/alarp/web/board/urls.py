from django.urls import path

from alarp.web.board import views

urlpatterns = [
    path("", views.board, name="board"),
    path("just-happened/", views.just_happened, name="just-happened"),
    path("health/", views.health, name="health"),
]
