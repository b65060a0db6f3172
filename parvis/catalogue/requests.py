"""The request as views read it, for the type checker."""

from django.http import HttpRequest

from parvis.core.access import Actor


class Request(HttpRequest):
    """An HTTP request with the actor that the middleware attached."""

    actor: Actor
