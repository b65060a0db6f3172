"""What was said, and the desk where it is read: pages that join consult, understand and plan."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import coding, coding_themes, results

urlpatterns = [
    path(_("consultations/<slug:slug>/results/"), results.results, name="results"),
    path(
        _("consultations/<slug:slug>/results/<slug:theme>/history/"),
        results.history,
        name="theme_history",
    ),
    path(_("desk/coding/<slug:slug>/"), coding.start, name="coding"),
    path(_("desk/coding/<slug:slug>/list/"), coding.many, name="coding_list"),
    path(_("desk/coding/<slug:slug>/copies/"), coding.copies, name="coding_copies"),
    path(_("desk/coding/<slug:slug>/themes/"), coding_themes.themes, name="coding_themes"),
    path(_("desk/coding/<slug:slug>/themes/<uuid:pk>/"), coding_themes.theme, name="coding_theme"),
    path(_("desk/coding/<slug:slug>/<uuid:pk>/"), coding.one, name="coding_one"),
]
