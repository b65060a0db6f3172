"""Short addresses, without a language: printed on paper, they stay."""

from django.urls import path

from parvis.consult.launch import views

urlpatterns = [
    path("c/<slug:code>", views.short, name="short_address"),
    path("c/<slug:code>/<slug:source>", views.short, name="short_address_from"),
]
