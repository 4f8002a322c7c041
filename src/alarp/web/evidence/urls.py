from django.urls import path, register_converter

from alarp.web.evidence import views


class Sha256:
    """A SHA-256 digest in an address."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Sha256, "sha256")

urlpatterns = [
    path("evidence/<sha256:sha256>/", views.evidence, name="evidence"),
    path("evidence/<sha256:sha256>/download/", views.download, name="evidence-download"),
    path("evidence/<sha256:sha256>/document/", views.document, name="evidence-document"),
    path("evidence/<sha256:sha256>/withdraw/", views.withdraw, name="evidence-withdraw"),
]
