from django.urls import path

from alarp.web.opt_outs import views

urlpatterns = [
    path("opt-outs/", views.opt_outs, name="opt-outs"),
    path("opt-outs/record/", views.record, name="opt-out-record"),
    path("opt-outs/import/", views.import_list, name="opt-outs-import"),
    path("opt-outs/<int:opt_out>/withdraw/", views.withdraw, name="opt-out-withdraw"),
]
