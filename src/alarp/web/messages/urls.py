from django.urls import path

from alarp.web.messages import views

urlpatterns = [
    path("messages/", views.all_messages, name="messages"),
    path("messages/<int:message>/", views.message, name="message"),
]
