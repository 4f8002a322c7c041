from django.urls import path

from alarp.web.viewer import views

urlpatterns = [
    path("viewer/<int:study>/", views.study, name="viewer"),
    path("viewer/<int:study>/<int:instance>/", views.picture, name="viewer-picture"),
    path("viewer/image/<int:instance>.png", views.image, name="viewer-image"),
]
