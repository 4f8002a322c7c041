from django.urls import path

from alarp.web.protocols import drafts, runs, views

HERE = "deployments/<slug:slug>/evaluation/"
ONE = f"{HERE}protocols/<int:protocol>/"
RUN = f"{HERE}runs/<int:run>/"

urlpatterns = [
    path(HERE, views.protocols, name="protocols"),
    path(f"{HERE}begin/", drafts.begin, name="begin-protocol"),
    path(ONE, views.protocol, name="protocol"),
    path(f"{ONE}edit/", drafts.edit, name="edit-protocol"),
    path(f"{ONE}adapt/", drafts.adapt, name="adapt-protocol"),
    path(f"{ONE}lock/", drafts.lock, name="lock-protocol"),
    path(f"{ONE}run/", runs.start, name="start-run"),
    path(f"{ONE}protocol.yaml", drafts.text, name="protocol-text"),
    path(f"{HERE}data/add/", views.add_test_set, name="add-test-set"),
    path(f"{HERE}data/<int:test_set>/", views.test_set, name="test-set"),
    path(RUN, runs.run, name="run"),
    path(f"{RUN}stop/", runs.stop, name="stop-run"),
    path(f"{RUN}resume/", runs.resume, name="resume-run"),
    path(f"{RUN}sign/", runs.sign, name="sign-run"),
    path(f"{RUN}compare/", runs.compare, name="compare-runs"),
    path(f"{RUN}files/<slug:kept>/", runs.kept_file, name="run-file"),
]
