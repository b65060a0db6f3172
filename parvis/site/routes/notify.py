"""Joined pages about notify, under the language prefix."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import mail_desk

urlpatterns = [
    path(_("desk/mail/"), mail_desk.mail, name="mail_desk"),
    path(_("desk/mail/<str:name>/<int:rank>/"), mail_desk.mail_message, name="mail_message"),
]
