"""`parvis resume`: after a failure, the register signs again without contradicting itself."""

from argparse import Namespace
from typing import TYPE_CHECKING

from parvis.commands.words import Stop, gettext, say

if TYPE_CHECKING:
    from parvis.site.reapply import Note, Reapplied

_ = gettext


def resume(given: Namespace) -> int:
    """Put a read-only register right, and say what is left to do by hand. Raises Stop."""
    from parvis.ledger import resume as ledger
    from parvis.site import reapply

    try:
        done = ledger.resume(new_origin=given.new_origin)
    except ledger.CannotResume as error:
        raise Stop(
            _("The register cannot be resumed this way: %(why)s. --new-origin starts another one.")
            % {"why": error}
        ) from error
    if not done.fault:
        again = reapply.run()
        if again.done or again.left:
            _tell(again)
        else:
            say(_("The register is well: nothing to do."))
        return 0
    say(_("The register signs again: %(origin)s") % {"origin": done.origin})
    say(_("Entries found in the database: %(n)d") % {"n": done.matched})
    say(_("Entries whose text is lost, and said so: %(n)d") % {"n": done.lost})
    _tell(reapply.run())
    return 0


def _tell(again: "Reapplied") -> None:
    say(_("Withdrawals, rejections and erasures done again: %(n)d") % {"n": again.done})
    for note in again.partly:
        say(_("  entry %(index)s (%(kind)s, %(node)s): done, but %(why)s") % _fields(note))
    if again.left:
        say(_("Do these again by hand before the site opens: the backup is older than they are."))
    for note in again.left:
        say(_("  entry %(index)s (%(kind)s, %(node)s): %(why)s") % _fields(note))


def _fields(note: "Note") -> dict[str, object]:
    return {"index": note.index, "kind": note.kind, "node": note.node_id or "–", "why": note.why}
