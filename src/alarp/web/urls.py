"""Which address leads to which room? No address holds a patient identifier."""

from django.urls import include, path

ROOMS = (
    "board",
    "deployments",
    "gates",
    "holds",
    "evidence",
    "products",
    "hazards",
    "claims",
    "evaluations",
    "protocols",
    "studies",
    "reconciliation",
    "quarantine",
    "messages",
    "opt_outs",
    "audit",
    "viewer",
    "monitor",
    "alerts",
    "incidents",
    "feedback",
    "reviews",
    "retirement",
    "competences",
    "people",
    "my_work",
    "governance",
    "register",
    "costs",
    "glossary",
    "assurance",
)

urlpatterns = [
    path("accounts/", include("alarp.web.account.urls")),
    *(path("", include(f"alarp.web.{room}.urls")) for room in ROOMS),
]

handler400 = "alarp.web.refusals.bad_request"
handler403 = "alarp.web.refusals.denied"
handler404 = "alarp.web.refusals.not_found"
handler429 = "alarp.web.refusals.too_many"
handler500 = "alarp.web.refusals.failed"
