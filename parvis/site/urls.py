"""Pages that join domains."""

from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import about, consultation, demo, desk, follow_up, home, search

urlpatterns = [
    path("", home.home, name="home"),
    # Before it: "register" and "calendar" would be taken for the name of a consultation.
    path("", include("parvis.consult.register.urls")),
    path(_("consultations/<slug:slug>/"), consultation.consultation, name="consultation"),
    path("", include("parvis.site.routes.plan")),
    path("", include("parvis.site.routes.strategy")),
    path("", include("parvis.site.routes.innovation")),
    path("", include("parvis.site.routes.collaborate")),
    path("", include("parvis.site.routes.promises")),
    path("", include("parvis.site.routes.citing")),
    path("", include("parvis.site.routes.notify")),
    path("", include("parvis.site.alerts.urls")),
    path("", include("parvis.site.owners.urls")),
    path("", include("parvis.site.routes.proposals")),
    path("", include("parvis.site.routes.catalogue")),
    path("", include("parvis.site.routes.understand")),
    path(_("search/"), search.page, name="search"),
    path(_("search/feed.atom"), search.SearchFeed(), name="search_feed"),
    path("", include("parvis.core.synonyms.urls")),
    path(_("follow-up/"), follow_up.entrance, name="follow_up"),
    path(_("follow-up/<str:code>/"), follow_up.thread, name="follow_up_code"),
    path(_("follow-up/<str:code>/receipt/"), follow_up.receipt, name="receipt"),
    path(_("follow-up/<str:code>/copy/"), follow_up.copy, name="receipt_copy"),
    path(_("follow-up/<str:code>/withdraw/"), follow_up.withdraw, name="withdraw"),
    path(_("follow-up/<str:code>/proof/"), follow_up.proof, name="receipt_proof"),
    path(_("desk/"), desk.desk, name="desk"),
    path(_("guarantees/"), about.guarantees, name="guarantees"),
    path(_("accessibility/"), about.accessibility, name="accessibility"),
    path(_("privacy/"), about.privacy, name="privacy"),
    path(_("cookies/"), about.cookies, name="cookies"),
    path(_("api/"), about.api_guide, name="api_guide"),
    path("demo/", demo.entrance, name="demo"),
    path("demo/<slug:role>/", demo.enter, name="demo_enter"),
    path("", include("parvis.site.routes.accounts")),
]
