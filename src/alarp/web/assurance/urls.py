from django.urls import path

from alarp.web.assurance import health, human, notified, proofs, recalls

urlpatterns = [
    path("human-reading/", human.human_reading, name="human-reading"),
    path("human-reading/<slug:slug>/begin/", human.begin, name="begin-human-reading"),
    path("human-reading/<slug:slug>/end/", human.end, name="end-human-reading"),
    path("opt-outs/proofs/", proofs.proofs, name="opt-out-proofs"),
    path("opt-outs/proofs/<int:proof>/", proofs.proof, name="opt-out-proof"),
    path("recalls/", recalls.recalls, name="recalls"),
    path("recalls/<int:recall>/", recalls.recall, name="recall"),
    path("route-health/", health.health, name="route-health"),
    path("deployments/<slug:slug>/route-health/", health.probe, name="probe"),
    path("notifications/", notified.notifications, name="notifications"),
]
