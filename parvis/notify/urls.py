"""Addresses of notices, under the language prefix.

Tokens stand right after a word that `core.logs` masks: they never reach a log.
"""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.notify import views

urlpatterns = [
    path(_("subscription/"), views.subscribe, name="subscribe"),
    path(_("subscription/sent/"), views.subscribe_sent, name="subscribe_sent"),
    path(_("confirm/<str:token>/"), views.confirm_subscription, name="confirm_subscription"),
    path(_("unsubscribe/<str:token>/"), views.unsubscribe, name="unsubscribe"),
    path(_("follow/<uuid:pk>/"), views.follow, name="follow"),
    path(_("my-subscriptions/"), views.my_subscriptions, name="my_subscriptions"),
    path(_("my-subscriptions/<int:pk>/stop/"), views.stop_subscription, name="stop_subscription"),
    path(_("feed.atom"), views.feed, name="feed"),
    path(_("feed/<uuid:pk>.atom"), views.node_feed, name="node_feed"),
]
