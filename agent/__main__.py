"""`nadi-agent`: runs a gateway, or checks that it could run."""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent import language
from agent.clock import KernelClock, new_token, read_boot_id
from agent.config import DEFAULT, load, on_card
from agent.discovery import options as discovery_options
from agent.errors import AgentError
from agent.language import _
from agent.notify import from_environment
from contract.errors import NadiError, SettingsError
from contract.identity import Epoch
from contract.settings import AgentSettings

EXAMPLES = """\
examples:
  nadi-agent check                                what is wrong with /etc/nadi/agent.toml
  nadi-agent read PJU-0001                        what that lamp's meter says now, and its bytes
  nadi-agent discover --line /dev/ttyUSB0         what hangs on that line
  nadi-agent discover --network 10.20.0.0/24      which cameras and access points are there
  nadi-agent outbox                               how much waits, and how many days there is room
  nadi-agent outbox verify                        whether every batch is still what was sealed
  nadi-agent export /media/stick                  copy what waits to a stick, for nadi-bridge import
  nadi-agent run --settings configs/agent.example.toml
  echo '{"cmd":"status"}' | socat - UNIX:/run/nadi/agent.sock

The agent reads the devices its settings name, seals what they said every few seconds in one file
on the card, and sends it until the city's receipt says that it is in the city's store.
It needs no network to work: cut off, it goes on reading, and the card keeps everything.
"""


M_ARENA_MAX = -8  # malloc.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 the settings or the command line are wrong."""
    _share_one_heap()
    options = _parser().parse_args(arguments)
    if options.command != "run":  # what runs speaks to the log and to the city
        language.use(os.environ)
    _log_to_stderr(options.verbose)
    try:
        return int(options.act(options))
    except SettingsError as error:
        return _complain(error, 2)
    except NadiError as error:
        return _complain(error, 1)
    except BaseExceptionGroup as group:
        if group.split(NadiError)[1]:
            raise
        return _complain(_first(group), 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nadi-agent",
        description="The gateway's agent of Nadi Kota.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    _add(commands, "run", _run, "read, seal and send until stopped with SIGTERM")
    check = _add(commands, "check", _check, "look at settings, certificates, ports and card")
    check.add_argument("--json", action="store_true", help="one JSON object on standard output")
    read = _add(commands, "read", _read, "show one live reading of a device, and its raw bytes")
    read.add_argument("asset", metavar="ASSET", help="the city's inventory number, as in settings")
    read.add_argument("--json", action="store_true", help="one JSON object on standard output")
    outbox = _add(
        commands, "outbox", _outbox, "show what waits, how long there is room, and losses"
    )
    outbox.add_argument(
        "what", nargs="?", choices=("show", "verify"), default="show", metavar="verify",
        help="check every batch against its hash instead; the agent goes on meanwhile",
    )  # fmt: skip
    outbox.add_argument("--json", action="store_true", help="one JSON object on standard output")
    wait = _add(commands, "wait", _wait, "wait until the running agent has sealed a round")
    wait.add_argument(
        "--timeout", type=float, default=60.0, metavar="S",
        help="default 60; exit code 3: it runs, and its first round is not due yet",
    )  # fmt: skip
    export = _add(commands, "export", _export, "copy what waits to a stick; settles nothing")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="where the stick is mounted")
    export.add_argument("--any", action="store_true", help="also a folder of the gateway's card")
    export.add_argument(
        "--card", type=Path, metavar="FOLDER",
        help="settings are those of another gateway, whose card is mounted there",
    )  # fmt: skip
    export.add_argument("--json", action="store_true", help="one JSON object a line, progress too")
    _add_discover(commands)
    return parser


def _add_discover(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "discover",
        help=discovery_options.HELP,
        description=discovery_options.WORDS,
        epilog=discovery_options.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    discovery_options.add_options(command)
    command.set_defaults(act=_discover)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[AgentSettings, argparse.Namespace], int],
    words: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words.capitalize() + ".")
    command.add_argument(
        "--settings", type=Path, default=DEFAULT, metavar="FILE", help=f"default {DEFAULT}"
    )
    command.set_defaults(act=lambda options: act(load(options.settings), options))
    return command


def _run(settings: AgentSettings, _: argparse.Namespace) -> int:
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: AgentSettings) -> None:
    from agent.app import run  # noqa: PLC0415 the check needs none of it
    from agent.diary import Diary, beside  # noqa: PLC0415 nor of this

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = KernelClock(trusted=settings.gateway.clock == "trusted")
    boot = read_boot_id()
    diary = Diary(beside(settings.gateway.socket), boot=boot, boot_ms=clock.boot_ms)
    logging.getLogger("nadi").addHandler(diary)
    await run(
        settings,
        clock=clock,
        new_epoch=lambda: Epoch(new_token()),
        boot=boot,
        notifier=from_environment(),
        stop=stop,
        note=_note(os.environ.get("NADI_NOTE", "")),
        log=diary.lines,
    )


def _note(path: str) -> str:
    """What an upgrade that was refused left behind for the city, if there was one."""
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except OSError:
        return ""


def _check(settings: AgentSettings, options: argparse.Namespace) -> int:
    from agent.checks import check, show  # noqa: PLC0415 the agent needs none of it

    findings = check(settings)
    show(findings, as_json=options.json)
    return 0 if all(finding.ok for finding in findings) else 1


def _read(settings: AgentSettings, options: argparse.Namespace) -> int:
    from agent import live  # noqa: PLC0415 neither run nor check needs it

    reading = live.ask_agent(Path(settings.gateway.socket), options.asset)
    if reading is None:
        reading = asyncio.run(live.read_directly(settings, options.asset))
    live.show(reading, as_json=options.json)
    return 1 if reading.fault else 0


def _outbox(settings: AgentSettings, options: argparse.Namespace) -> int:
    from agent import outbox_command  # noqa: PLC0415 the agent needs none of it

    if options.what == "verify":
        verdict = outbox_command.verify(settings)
        outbox_command.show_verdict(verdict, as_json=options.json)
        return 1 if verdict.bad else 0
    report = outbox_command.report(settings)
    outbox_command.show_report(report, as_json=options.json)
    return 0


def _wait(settings: AgentSettings, options: argparse.Namespace) -> int:
    from agent.proving import wait  # noqa: PLC0415 the agent needs none of it

    return wait(settings, options.timeout, now_s=time.monotonic, sleep=time.sleep)


def _export(settings: AgentSettings, options: argparse.Namespace) -> int:
    try:
        from agent.carrying import command  # noqa: PLC0415 it loads cryptography
    except ModuleNotFoundError as error:
        raise AgentError(
            _("a stick's files are signed, and {name} is not here").format(name=error.name),
            hint=_("install python3-cryptography"),
        ) from None
    if options.card is not None:
        settings = on_card(settings, options.card)
    said = command.export(settings, options.folder, any_folder=options.any, as_json=options.json)
    return 0 if said else 1


def _discover(options: argparse.Namespace) -> int:
    from agent.discovery.command import discover  # noqa: PLC0415 the agent needs none of it

    return discover(options)


def _share_one_heap() -> None:
    """glibc gives each thread a heap of its own, 0.3 MiB for threads that mostly wait."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("mqtt").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _first(group: BaseExceptionGroup[BaseException]) -> NadiError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, NadiError) else AgentError(str(error))


def _complain(error: NadiError, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    if error.hint:
        print(f" hint: {error.hint}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
