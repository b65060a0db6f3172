"""`parvis`: every command. Arguments are read here; Django is loaded only when it is needed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from parvis.commands.words import Stop, complain, gettext, say

_ = gettext
Run = Callable[[argparse.Namespace], int]
INTERRUPTED = 130


def _serve(given: argparse.Namespace) -> int:
    from parvis.commands import serve

    options = serve.options_from_environment()
    asked = {
        name: getattr(given, name)
        for name in ("host", "port", "workers", "threads")
        if getattr(given, name) is not None
    }
    return serve.serve(replace(options, **asked, worker=given.worker, demo=given.demo))


def _worker(given: argparse.Namespace) -> int:
    from parvis import worker

    if given.once:
        worker.run_until_idle()
        return 0
    status = worker.main()
    if status == worker.ALREADY_RUNS and not given.quiet:
        complain(_("Another worker serves this home already."))
    return status


def _prepare(given: argparse.Namespace) -> int:
    from parvis.commands.prepare import prepare

    prepare(demo=given.demo)
    return 0


def _demo(given: argparse.Namespace) -> int:
    from parvis.commands.prepare import prepare

    prepare(demo="fresh" if given.fresh else "once")
    return 0


def _init(given: argparse.Namespace) -> int:
    from parvis.commands import site

    return site.init(given)


def _token(given: argparse.Namespace) -> int:
    from parvis.commands import site

    return site.token(given)


def _bounce(given: argparse.Namespace) -> int:
    from parvis.commands import site

    return site.bounce(given)


def _mail(given: argparse.Namespace) -> int:
    from parvis.commands import site

    return site.mail(given)


def _host(given: argparse.Namespace) -> int:
    from parvis.commands import hosts

    return hosts.host(given)


def _import(given: argparse.Namespace) -> int:
    from parvis.commands import data

    return data.import_contributions(given)


def _export(given: argparse.Namespace) -> int:
    from parvis.commands import data

    return data.export(given)


def _harvest(given: argparse.Namespace) -> int:
    from parvis.commands import harvest

    return harvest.harvest(given)


def _recount(given: argparse.Namespace) -> int:
    from parvis.commands import data

    return data.recount(given)


def _check(given: argparse.Namespace) -> int:
    from parvis.commands import integrity

    return integrity.check(given)


def _verify(given: argparse.Namespace) -> int:
    from parvis.ledger import verify

    return int(verify.main([given.where, *given.options]))


def _resume(given: argparse.Namespace) -> int:
    from parvis.commands import trust

    return trust.resume(given)


def _backup(given: argparse.Namespace) -> int:
    from parvis import backup

    data, keys = backup.backup(Path(given.file))
    say(_("Data: %(path)s (%(n).1f MB)") % {"path": data, "n": data.stat().st_size / 1e6})
    say(_("Secrets: %(path)s. Keep it apart from the data.") % {"path": keys})
    return 0


def _restore(given: argparse.Namespace) -> int:
    from parvis import restore

    keys = Path(given.keys) if given.keys else None
    done = restore.restore(Path(given.file), keys=keys, replace=given.replace)
    say(_("Restored: the backup of %(at)s") % {"at": done.taken_at})
    say(
        _("%(nodes)d things, %(contributions)d contributions, %(events)d events, %(leaves)d leaves")
        % vars(done.counts)
    )
    if done.aside:
        say(_("What was there is in %(path)s") % {"path": done.aside})
    if done.later_head:
        complain(_("This home remembers a later signed head than this backup has: the register "
                   "signs nothing for now. Run parvis resume before the site opens."))  # fmt: skip
    say(_("Now run: parvis check"))
    return 0


def _add_running(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = _command(commands, "serve", _("Serve the site, with its worker"), _serve, django=False)
    serve.add_argument("--host", help=_("address to listen on (PARVIS_BIND, 127.0.0.1)"))
    serve.add_argument("--port", type=int, help=_("port to listen on (PORT, 8000)"))
    serve.add_argument(
        "--workers", type=int, help=_("server processes (PARVIS_WORKERS; one more than cores)")
    )
    serve.add_argument("--threads", type=int, help=_("threads of each (PARVIS_THREADS, 1)"))
    serve.add_argument(
        "--no-worker", dest="worker", action="store_false",
        help=_("without the worker: `parvis worker` runs elsewhere"),
    )  # fmt: skip
    _add_demo_choice(serve)
    worker = _command(commands, "worker", _("Do what happens after the answers"), _worker)
    worker.add_argument("--once", action="store_true", help=_("do what waits, then end"))
    worker.add_argument("--quiet", action="store_true", help=_("say nothing when one runs already"))
    prepare = _command(
        commands, "prepare", _("Bring database and static files in step with the code"), _prepare
    )
    _add_demo_choice(prepare)
    demo = _command(commands, "demo", _("Fill the demonstration, once"), _demo)
    demo.add_argument("--fresh", action="store_true", help=_("start it over"))


def _add_demo_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--demo", choices=("none", "once", "fresh"), default="none",
        help=_("fill the demonstration: never, once, or start it over"),
    )  # fmt: skip


def _add_site(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    init = _command(commands, "init", _("Make an empty site and its first administrator"), _init)
    for option, words in (
        ("name-fr", _("name of the organisation, in French")),
        ("name-en", _("name of the organisation, in English")),
        ("acronym", _("its acronym")),
        ("languages", _("languages of the site, the main one first: fr,en")),
        ("officer-fr", _("title of the person in charge of personal information, in French")),
        ("officer-en", _("the same, in English")),
        ("privacy-contact", _("how to reach that person")),
        ("contact", _("how the public reaches you")),
        ("sender", _("address that sends mail")),
        ("administrator", _("e-mail of the first administrator")),
    ):
        init.add_argument(f"--{option}", help=words)
    init.add_argument("--password", action="store_true", help=_("ask for a password too"))
    init.add_argument(
        "--no-approval", dest="approval", action="store_false",
        help=_("one person opens a consultation alone; without it, a second person approves"),
    )  # fmt: skip
    init.add_argument("--no-input", action="store_true", help=_("ask nothing"))
    token = _command(commands, "token", _("Print a new API token of a person, once"), _token)
    token.add_argument("email")
    token.add_argument("--name", help=_("what it is for"))
    token.add_argument("--days", type=int, help=_("days until it expires; without it, never"))
    token.add_argument(
        "--scope",
        action="append",
        help=_("read or write:catalogue, may be repeated; without it, all that the person may do"),
    )
    host = _command(commands, "host", _("Add, list or take out names of the site"), _host)
    host.add_argument("act", choices=("add", "list", "remove"))
    host.add_argument("name", nargs="?", help=_("as people write it, accents included"))
    host.add_argument(
        "--section",
        default="home",
        help=_("what it opens on: consultations, datasets, strategies…"),
    )
    host.add_argument("--language", default="fr", choices=("fr", "en"), help=_("in which language"))
    bounce = _command(commands, "bounce", _("Record mail that came back"), _bounce)
    bounce.add_argument(
        "what", nargs="+", help=_("an address, a delivery report, or - for the standard input")
    )
    mail = _command(commands, "mail", _("See whether mail of the domain arrives"), _mail)
    mail.add_argument("what", choices=("check",))
    mail.add_argument("--domain", help=_("another domain than the sender's"))
    mail.add_argument("--selector", help=_("name under which the mail server signs (DKIM)"))


def _add_data(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bring = _command(commands, "import", _("Bring contributions in from a file"), _import)
    bring.add_argument("what", choices=("contributions",))
    bring.add_argument("file")
    bring.add_argument("--consultation", required=True, metavar="SLUG")
    bring.add_argument("--activity", metavar="SLUG", help=_("where there are several"))
    bring.add_argument("--text", metavar="COLUMN", help=_("the column that holds the text"))
    out = _command(commands, "export", _("Write what is public into a folder"), _export)
    out.add_argument("folder")
    out.add_argument("--consultation", metavar="SLUG", help=_("only this one"))

    harvest = _command(commands, "harvest", _("Read another catalogue now, to its end"), _harvest)
    harvest.add_argument(
        "source", nargs="?", help=_("number or name of the source; without it, the list")
    )
    harvest.add_argument(
        "--changes", action="store_true", help=_("only what changed, where the source can tell")
    )


def _add_trust(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _command(commands, "check", _("Look for damage, and name it"), _check)
    _command(commands, "recount", _("Recount everything from the register"), _recount)
    verify = _command(commands, "verify", _("Audit a register: an address, or a folder"), _verify)
    verify.add_argument("where")
    verify.add_argument("options", nargs=argparse.REMAINDER, help=_("passed on to the audit"))
    resume = _command(
        commands, "resume", _("Make the register sign again after a failure"), _resume
    )
    resume.add_argument(
        "--new-origin", action="store_true",
        help=_("give the old register up (it stays readable) and start another"),
    )  # fmt: skip
    save = _command(commands, "backup", _("Back the whole home up, while it serves"), _backup)
    save.add_argument("file", help=_("a new file: x.tar or x.tar.gz"))
    back = _command(commands, "restore", _("Put a backup in place"), _restore)
    back.add_argument("file")
    back.add_argument("--keys", metavar="FILE", help=_("its secrets (x.keys.tar beside it)"))
    back.add_argument("--replace", action="store_true", help=_("over the site that is there"))


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    run: Run,
    *,
    django: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(run=run, django=django)
    return parser


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="parvis", description=_("Consult, understand, decide, publish, follow.")
    )
    commands = top.add_subparsers(metavar=_("command"), required=True)
    _add_running(commands)
    _add_site(commands)
    _add_data(commands)
    _add_trust(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status. What people can mend is said in words."""
    given = parser().parse_args(arguments)
    try:
        if given.django:
            from parvis.commands.prepare import start_django

            start_django()
            return _spoken(given)
        return int(given.run(given))
    except Stop as stop:
        complain(stop)
        return stop.status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`parvis export … | head`).
        sys.stderr.close()
        return 1


def _spoken(given: argparse.Namespace) -> int:
    """Run a command that uses the database; turn refusals and outages into words."""
    from django.db import OperationalError, ProgrammingError

    from parvis.core.errors import Invalid, Refused

    try:
        return int(given.run(given))
    except Invalid as refusal:
        for field, messages in refusal.errors.items():
            complain(f"{field}: {' '.join(str(words) for words in messages)}")
        return 1
    except Refused as refusal:
        complain(refusal)
        return 1
    except (OperationalError, ProgrammingError) as error:
        missing = "no such table" in str(error) or "does not exist" in str(error)
        if missing:
            raise Stop(_("There is no site here yet: run parvis init, or parvis demo.")) from error
        raise Stop(_("The database does not answer: %(error)s") % {"error": error}) from error


if __name__ == "__main__":
    raise SystemExit(main())
