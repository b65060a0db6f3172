"""`parvis host`: names under which the site answers, from a terminal."""

from argparse import Namespace

from parvis.commands.words import Stop, gettext, say

_ = gettext


def host(given: Namespace) -> int:
    """`parvis host list`, `add NAME`, `remove NAME`. Names are written as people read them."""
    from parvis.core.access import SYSTEM
    from parvis.core.hosts import to_ascii
    from parvis.pages import hosts
    from parvis.pages.models import HostName

    if given.act == "list":
        for row in HostName.objects.all():
            state = "" if row.active else _(" (silent)")
            say(f"{hosts.shown(row.host)}\t{row.host}\t{row.section}\t{row.language}{state}")
        return 0
    if not given.name:
        raise Stop(_("Give a name: parvis host %(act)s NAME") % {"act": given.act}, 2)
    if given.act == "add":
        fields = {"section": given.section, "language": given.language, "active": True}
        made = hosts.save_host(actor=SYSTEM, host=given.name, fields=fields)
        say(_("The site answers under %(name)s (%(dns)s in the DNS).")
            % {"name": hosts.shown(made.host), "dns": made.host})  # fmt: skip
        return 0
    try:
        kept = to_ascii(given.name.strip())
    except UnicodeError:
        kept = given.name
    found = HostName.objects.filter(host=kept).first()
    if found is None:
        raise Stop(_("The site has no name %(name)s.") % {"name": given.name})
    hosts.remove_host(actor=SYSTEM, row=found)
    say(_("The name is taken out: requests under it are refused."))
    return 0
