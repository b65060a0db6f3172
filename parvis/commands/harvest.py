"""`parvis harvest`: a source of the catalogue, read now, in this process."""

from argparse import Namespace
from typing import Any

from parvis.commands.words import Stop, gettext, say

_ = gettext


def _source(name: str) -> Any:
    """Return a source by number or name. Raises Stop that lists those that exist."""
    from parvis.catalogue.harvest.models import HarvestSource

    rows = HarvestSource.objects.select_related("organisation__node").order_by("pk")
    found = rows.filter(pk=int(name)) if name.isascii() and name.isdigit() else None
    row = (found.first() if found is not None else None) or rows.filter(name=name).first()
    if row is None:
        known = ", ".join(f"{one.pk} {one.name}" for one in rows[:20])
        raise Stop(_("There is no source “%(name)s”. There are: %(known)s.")
                   % {"name": name, "known": known or _("(none)")})  # fmt: skip
    return row


def _list() -> int:
    from parvis.catalogue.harvest import queries
    from parvis.core.access import SYSTEM

    rows = list(queries.sources(SYSTEM))
    runs = queries.last_runs(rows)
    for row in rows:
        run = runs.get(row.pk)
        last = f"{run.asked_at:%Y-%m-%d %H:%M} {run.state}" if run else "-"
        say(f"{row.pk}\t{row.name}\t{row.kind}\t{row.url}\t{last}")
    return 0


def harvest(given: Namespace) -> int:
    """Read a source to its end; exit 1 when it could not be. Without a source, list them."""
    if not given.source:
        return _list()
    from parvis.catalogue.harvest import engine, services
    from parvis.catalogue.harvest.models import HarvestRun
    from parvis.catalogue.harvest.reasons import Refusal, in_words
    from parvis.core.access import SYSTEM

    source = _source(given.source)
    run = services.ask_run(actor=SYSTEM, source=source, complete=not given.changes, enqueue=False)

    def progress(done: int, total: int) -> None:
        say(f"{done}/{total}")

    try:
        engine.run(progress, run=run.pk)
    except Refusal as refusal:
        raise Stop(in_words(refusal.kept)) from refusal
    except KeyboardInterrupt:
        engine.end(run, HarvestRun.State.CANCELLED, engine.reason("stopped"))
        raise
    run.refresh_from_db()
    names = ("added", "changed", "unchanged", "restored", "archived", "failed")
    counts = {name: getattr(run, name) for name in names}
    say(_("%(state)s: %(added)d added, %(changed)d changed, %(unchanged)d unchanged, "
          "%(restored)d brought back, %(archived)d archived, %(failed)d refused")
        % {"state": run.get_state_display(), **counts})  # fmt: skip
    if run.state != HarvestRun.State.DONE:
        raise Stop(in_words(run.reason) or str(run.get_state_display()))
    return 0
