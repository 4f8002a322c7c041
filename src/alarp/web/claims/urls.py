from django.urls import path

from alarp.web.claims import asking, views

_HERE = "deployments/<slug:slug>/"

urlpatterns = [
    path(_HERE + "claims/", views.claims, name="claims"),
    path(_HERE + "claims/<int:claim>/link/", views.link, name="link-claim"),
    path(_HERE + "claims/<int:claim>/unsupported/", views.unsupported, name="mark-unsupported"),
    path(_HERE + "due-diligence/", asking.due_diligence, name="due-diligence"),
    path(_HERE + "due-diligence/answer/", asking.answer, name="answer-questions"),
    path(_HERE + "due-diligence/accept/<slug:question>/", asking.accept, name="accept-declined"),
    path("due-diligence/", asking.compared, name="due-diligence-compared"),
]
