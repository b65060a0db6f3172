"""Every address. Pages are under a language; APIs, ledger, feeds and health are not."""

from django.urls import include, path

from parvis.core import routing
from parvis.site.views import errors, operations

urlpatterns = [
    routing.plain(
        path("health/live", operations.live),
        path("health/ready", operations.ready),
        path("metrics", operations.metrics_page),
        path("favicon.ico", operations.favicon),
        path("", include("parvis.ledger.machine_urls")),
        path("", include("parvis.catalogue.datastore.machine_urls")),
        path("", include("parvis.catalogue.machine_urls")),
        path("", include("parvis.pages.machine_urls")),
        path("", include("parvis.site.machine_urls")),
        path("", include("parvis.consult.launch.machine_urls")),
    ),
    routing.translated(
        path("", include("parvis.methods.survey.urls")),
        path("", include("parvis.methods.proposals.urls")),
        path("", include("parvis.site.urls")),
        path("", include("parvis.consult.urls")),
        path("", include("parvis.consult.launch.urls")),
        path("", include("parvis.understand.urls")),
        path("", include("parvis.plan.urls")),
        path("", include("parvis.strategy.urls")),
        path("", include("parvis.innovation.urls")),
        path("", include("parvis.collaborate.urls")),
        path("", include("parvis.catalogue.datastore.urls")),
        # Before it: "harvest" would be taken for the name of a dataset.
        path("", include("parvis.catalogue.harvest.urls")),
        path("", include("parvis.catalogue.anonymisation.urls")),
        path("", include("parvis.catalogue.asking.urls")),
        path("", include("parvis.catalogue.discussing.urls")),
        path("", include("parvis.catalogue.viewing.urls")),
        path("", include("parvis.catalogue.facsimile.urls")),
        path("", include("parvis.catalogue.urls")),
        path("", include("parvis.catalogue.texts.urls")),
        path("", include("parvis.proactive.urls")),
        path("", include("parvis.moderation.urls")),
        path("", include("parvis.ledger.urls")),
        path("", include("parvis.notify.urls")),
        path("", include("parvis.pages.urls")),
    ),
]

handler404 = errors.not_found
handler500 = errors.our_fault
handler403 = errors.forbidden
handler400 = errors.bad_request
