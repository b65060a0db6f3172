"""The address of the messages to owners. Its token stands after a word that logs mask."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.owners import views

urlpatterns = [
    path(_("owners/unsubscribe/<str:token>/"), views.unsubscribe, name="owner_unsubscribe"),
]
