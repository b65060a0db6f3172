"""Addresses of the ledger for machines, without a language (c2sp.org/tlog-tiles)."""

from django.urls import path

from parvis.ledger import machine_views as views

urlpatterns = [
    path("ledger/checkpoint", views.checkpoint, name="ledger_checkpoint"),
    path("ledger/vkey", views.vkey, name="ledger_vkey"),
    path("ledger/openings.jsonl", views.openings, name="ledger_openings"),
    path("ledger/proof/<int:index>.tlog-proof", views.proof, name="ledger_proof"),
    path("ledger/lost/<int:number>/<path:path>", views.lost, name="ledger_lost"),
    path("ledger/tile/<path:rest>", views.tile, name="ledger_tile"),
]
