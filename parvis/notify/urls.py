"""Addresses of notices, under the language prefix.

Tokens stand right after a word that `core.logs` masks: they never reach a log.
"""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.notify import act_views, views

urlpatterns = [
    path(_("subscription/"), views.subscribe, name="subscribe"),
    path(_("subscription/sent/"), views.subscribe_sent, name="subscribe_sent"),
    path(_("confirm/<str:token>/"), views.confirm_subscription, name="confirm_subscription"),
    path(_("unsubscribe/<str:token>/"), views.unsubscribe, name="unsubscribe"),
    path(_("follow/<uuid:pk>/"), views.follow, name="follow"),
    path(_("my-subscriptions/"), views.my_subscriptions, name="my_subscriptions"),
    path(_("my-subscriptions/<int:pk>/stop/"), views.stop_subscription, name="stop_subscription"),
    path(_("desk/mail/check/"), act_views.check, name="mail_check"),
    path(_("desk/mail/test/"), act_views.send_test, name="mail_test"),
    path(_("desk/mail/bounces/"), act_views.bounced, name="mail_bounces"),
    path(_("desk/mail/bounces/<int:pk>/release/"), act_views.release, name="mail_release"),
    # Its token stands right after a word that logs mask.
    path(_("mail-test/confirm/<str:token>/"), act_views.received, name="mail_received"),
    path(_("feed.atom"), views.feed, name="feed"),
    path(_("feed/<uuid:pk>.atom"), views.node_feed, name="node_feed"),
]
