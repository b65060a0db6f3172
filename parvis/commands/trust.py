"""`parvis resume`: after a failure, the register signs again without contradicting itself."""

from argparse import Namespace

from parvis.commands.words import Stop, gettext, say

_ = gettext


def resume(given: Namespace) -> int:
    """Put a read-only register right, and say what is left to do by hand. Raises Stop."""
    from parvis.ledger import resume as ledger

    try:
        done = ledger.resume(new_origin=given.new_origin)
    except ledger.CannotResume as error:
        raise Stop(
            _("The register cannot be resumed this way: %(why)s. --new-origin starts another one.")
            % {"why": error}
        ) from error
    if not done.fault:
        say(_("The register is well: nothing to do."))
        return 0
    say(_("The register signs again: %(origin)s") % {"origin": done.origin})
    say(_("Entries found in the database: %(n)d") % {"n": done.matched})
    say(_("Entries whose text is lost, and said so: %(n)d") % {"n": done.lost})
    if done.acts:
        say(_("Do these again by hand before the site opens: the backup is older than they are."))
    for act in done.acts:
        say(f"  {act.kind} {act.node_id or ''} {act.facts or ''}".rstrip())
    return 0
