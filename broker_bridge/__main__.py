"""`nadi-bridge`: run the bridge, check what it needs, and show the balance of the city store."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from broker_bridge import language, quarantine
from broker_bridge.backup import back_up, restore
from broker_bridge.backup_words import Copied, say_made, say_restored
from broker_bridge.balance import print_balance
from broker_bridge.config import BridgeSettings, load_settings
from broker_bridge.errors import SettingsRefused, told
from broker_bridge.export_arguments import export_arguments
from broker_bridge.kept_backups import keep_newest
from broker_bridge.language import _, mark
from broker_bridge.spoken_parser import SpokenParser, asked_language
from contract.errors import NadiError, SettingsError
from contract.spoken import LANGUAGES

OK, FAILED, USAGE = 0, 1, 2

EXAMPLES = """\
  nadi-bridge check   --settings /etc/nadi/bridge.toml
  nadi-bridge doctor  --settings /etc/nadi/bridge.toml
  nadi-bridge run     --settings /etc/nadi/bridge.toml
  nadi-bridge import  --settings /etc/nadi/bridge.toml /media/stick
  nadi-bridge balance --settings /etc/nadi/bridge.toml --gateway gw-wolio-02
  nadi-bridge balance --settings /etc/nadi/bridge.toml --day 2026-11-25 --json
  nadi-bridge backup  --settings /etc/nadi/bridge.toml /var/backups/nadi
  nadi-bridge export  --settings /etc/nadi/bridge.toml readings --from 2026-11-01 nov.csv
  nadi-bridge retain  --settings /etc/nadi/bridge.toml --dry-run
  nadi-bridge quarantine list  --settings /etc/nadi/bridge.toml
  nadi-bridge quarantine retry --settings /etc/nadi/bridge.toml 17 18
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    line = sys.argv[1:] if arguments is None else arguments
    language.use(language.chosen(asked_language(line), os.environ, "en"), ZoneInfo("UTC"))
    wanted = _parser().parse_args(line)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        return int(wanted.command(wanted))
    except SettingsError as error:
        return _refuse(error, USAGE)
    except NadiError as error:
        return _refuse(error, FAILED)


def _parser() -> SpokenParser:
    parser = SpokenParser(
        prog="nadi-bridge",
        description=_(
            "Takes the gateways' batches from the broker and writes the city store, exactly once."
        ),
        epilog=_epilog(),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "run", _run, _("commit, receipt, acknowledge and feed, until SIGTERM"))
    check = _command(commands, "check", _check, _("try settings, certificates, store and broker"))
    doctor = _command(commands, "doctor", _doctor, _("what is well at the centre, and what to do"))
    where = _command(commands, "where", _where, _("where the city's data lie, and how much it is"))
    balance = _command(
        commands, "balance", _balance, _("sealed = committed + held + rejected + lost")
    )
    balance.add_argument("--gateway", metavar="ID", help=_("of this one only"))
    balance.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD",
        help=_("what is committed of this day of the city, and the holes that touch it"),
    )  # fmt: skip
    registry = commands.add_parser("registry", help=_("the city's list of gateways and assets"))
    actions = registry.add_subparsers(required=True, metavar="ACTION")
    load = _command(actions, "load", _load_registry, _("take the registry that the office signed"))
    load.add_argument("file", metavar="FILE", help=_("what `nadi fleet publish` made"))
    taken = _command(commands, "import", _import, _("take in what nadi collect put on a stick"))
    taken.add_argument("folder", type=Path, metavar="FOLDER", help=_("where the stick is mounted"))
    given_up = _command(
        commands, "discard", _discard, _("close as lost what a gateway that is gone still held")
    )
    backup = _command(commands, "backup", _backup, _("copy the store while the bridge runs"))
    backup.add_argument(
        "folder", type=Path, nargs="?", metavar="FOLDER",
        help=_(
            "put it there; else into [backup] folder, where the newest [backup] keep of them stay"
        ),
    )  # fmt: skip
    restore = _command(
        commands, "restore", _restore, _("put the store back; stop the bridges first")
    )
    restore.add_argument("folder", type=Path, metavar="BACKUP", help=_("what backup made"))
    restore.add_argument(
        "--replace", action="store_true", help=_("put the store that is there aside")
    )
    retain = _command(
        commands, "retain", _retain, _("make hours of readings, and let go of what is old")
    )
    retain.add_argument("--dry-run", action="store_true", help=_("only say what would go"))
    retain.add_argument("--yes", action="store_true", help=_("let go of more than was ever said"))
    export = _command(commands, "export", _export, _("write a part of the store into a new file"))
    export_arguments(export)
    own = (check, doctor, where, balance, taken, given_up, backup, restore, retain, export)
    for command in (*own, *_quarantine_commands(commands)):
        command.add_argument("--json", action="store_true", help=_("print one JSON object"))
    return parser


def _quarantine_commands(
    commands: "argparse._SubParsersAction[SpokenParser]",
) -> Iterator[SpokenParser]:
    aside = commands.add_parser("quarantine", help=_("what could not be taken, with its reason"))
    actions = aside.add_subparsers(required=True, metavar="ACTION")
    listed = _command(actions, "list", _list_quarantine, _("the newest messages, and their count"))
    listed.add_argument("--gateway", metavar="ID", help=_("of this one only"))
    show = _command(actions, "show", _show_quarantine, _("all that arrived in one message"))
    show.add_argument("number", type=int, metavar="NUMBER")
    show.add_argument(
        "--body", type=Path, metavar="FILE", help=_("write its body to this new file")
    )
    retry = _command(actions, "retry", _retry_quarantine, _("take messages in by the same ingest"))
    discard = _command(actions, "discard", _discard_quarantine, _("let messages go for good"))
    discard.add_argument("--count", type=int, metavar="N", help=_("exactly so many, with --all"))
    for command in (retry, discard):
        command.add_argument("numbers", type=int, nargs="*", metavar="NUMBER")
        command.add_argument("--gateway", metavar="ID", help=_("all of this one"))
        command.add_argument("--all", action="store_true", help=_("all there are"))
    yield from (listed, show, retry, discard)


def _command(
    commands: "argparse._SubParsersAction[SpokenParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    text: str,
) -> SpokenParser:
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[:1].upper()}{text[1:]}.",
        epilog=_epilog(),
    )
    command.add_argument(
        "--settings", required=True, metavar="FILE", help=_("the bridge's TOML file")
    )
    command.add_argument("--lang", choices=LANGUAGES, help=_("instead of the settings' language"))
    command.set_defaults(command=function)
    return command


def _epilog() -> str:
    return "\n".join(
        (
            _("examples:"),
            EXAMPLES,
            _(
                "A city may run several bridges on one PostgreSQL store; each needs a certificate"
                " of its own."
            ),
            _("configs/bridge.example.toml is a settings file with every key."),
            _(
                "exit codes: 0 ok, 1 failed (doctor: a line is FAIL; warn and skip are 0),"
                " 2 settings."
            ),
        )
    )


def _settings(wanted: argparse.Namespace) -> BridgeSettings:
    """From now on the city's language is spoken, and its time told; programs read English."""
    settings = load_settings(wanted.settings)
    spoken = language.chosen(wanted.lang, os.environ, settings.language)
    language.use("en" if getattr(wanted, "json", False) else spoken, settings.zone)
    return settings


def _run(wanted: argparse.Namespace) -> int:
    from broker_bridge.run_command import run  # noqa: PLC0415 only it loads all of the bridge

    run(_settings(wanted))
    return OK


def _check(wanted: argparse.Namespace) -> int:
    from broker_bridge.check import print_check  # noqa: PLC0415 it loads cryptography

    settings = _settings(wanted)
    return OK if print_check(settings, wanted.settings, as_json=wanted.json) else FAILED


def _doctor(wanted: argparse.Namespace) -> int:
    from broker_bridge.doctor_command import examine  # noqa: PLC0415 it loads cryptography

    return OK if examine(_settings(wanted), as_json=wanted.json) else FAILED


def _where(wanted: argparse.Namespace) -> int:
    from broker_bridge.where_command import say_where  # noqa: PLC0415 hardly ever used

    say_where(_settings(wanted), wanted.settings, as_json=wanted.json)
    return OK


def _balance(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    closes = print_balance(
        settings.store, gateway=wanted.gateway, day=wanted.day, as_json=wanted.json
    )
    return OK if closes else FAILED


def _import(wanted: argparse.Namespace) -> int:
    from broker_bridge.import_command import import_stick  # noqa: PLC0415 it loads cryptography

    settings = _settings(wanted)
    return OK if import_stick(settings, wanted.folder, as_json=wanted.json) else FAILED


def _discard(wanted: argparse.Namespace) -> int:
    from broker_bridge.discard_command import discard  # noqa: PLC0415 hardly ever used

    discard(_settings(wanted).store, as_json=wanted.json)
    return OK


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("{text} is not a day such as 2026-11-25").format(text=repr(text))
        ) from None


def _backup(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    folder = wanted.folder or _backup_folder(settings)
    made = back_up(settings.store, folder, now=datetime.now(UTC), progress=Copied())
    gone = [] if wanted.folder else keep_newest(folder, settings.backup.keep)
    say_made(made, gone, as_json=wanted.json)
    return OK


def _backup_folder(settings: BridgeSettings) -> Path:
    if not settings.backup.folder:
        raise SettingsRefused(
            mark("nothing says where backups are kept"),
            hint=mark("name a folder on the line, or in the settings: [backup] folder"),
        )
    return Path(settings.backup.folder)


def _restore(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    now = datetime.now(UTC)
    taken, aside = restore(settings.store, wanted.folder, now=now, replace=wanted.replace)
    say_restored(taken, aside, as_json=wanted.json)
    return OK


def _retain(wanted: argparse.Namespace) -> int:
    from broker_bridge import retain_command  # noqa: PLC0415 a timer's work

    settings = _settings(wanted)
    if wanted.dry_run:
        retain_command.look_ahead(settings, as_json=wanted.json)
    else:
        retain_command.retain(settings, sure=wanted.yes, as_json=wanted.json)
    return OK


def _export(wanted: argparse.Namespace) -> int:
    from broker_bridge.export_command import run  # noqa: PLC0415 hardly ever used

    run(_settings(wanted), wanted, now=datetime.now(UTC))
    return OK


def _list_quarantine(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    quarantine.print_list(settings, gateway=wanted.gateway, as_json=wanted.json)
    return OK


def _show_quarantine(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    quarantine.print_one(settings, wanted.number, body_file=wanted.body, as_json=wanted.json)
    return OK


def _retry_quarantine(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    return OK if quarantine.retry(settings, _wanted(wanted), as_json=wanted.json) else FAILED


def _discard_quarantine(wanted: argparse.Namespace) -> int:
    settings = _settings(wanted)
    quarantine.discard(settings, _wanted(wanted), count=wanted.count, as_json=wanted.json)
    return OK


def _wanted(wanted: argparse.Namespace) -> quarantine.Wanted:
    return quarantine.Wanted(numbers=wanted.numbers, gateway=wanted.gateway, all=wanted.all)


def _load_registry(wanted: argparse.Namespace) -> int:
    from broker_bridge.registry import load_registry  # noqa: PLC0415 only it reads certificates

    print(load_registry(_settings(wanted), wanted.file))
    return OK


def _refuse(error: NadiError, code: int) -> int:
    sentence, hint = told(error)
    print(_("error: {sentence}").format(sentence=sentence), file=sys.stderr)
    if hint:
        print(_(" hint: {hint}").format(hint=hint), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
