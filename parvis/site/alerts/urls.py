"""Addresses of saved searches, under the language prefix.

Tokens stand right after a word that `core.logs` masks: they never reach a log.
"""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.alerts import views

urlpatterns = [
    path(_("alerts/new/"), views.save, name="saved_search_new"),
    path(_("alerts/confirm/<str:token>/"), views.confirm, name="saved_search_confirm"),
    path(_("alerts/unsubscribe/<str:token>/"), views.unsubscribe, name="saved_search_unsubscribe"),
    path(_("my-searches/"), views.mine, name="my_searches"),
    path(_("my-searches/<int:pk>/rename/"), views.rename, name="my_search_rename"),
    path(_("my-searches/<int:pk>/end/"), views.end, name="my_search_end"),
]
