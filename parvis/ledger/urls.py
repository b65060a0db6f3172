"""Addresses of the register, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.ledger import views

urlpatterns = [
    path(_("register/"), views.register, name="register"),
    path(_("register/<int:index>/"), views.entry, name="register_entry"),
]
