"""Commands and their help, with every word in the person's language and no word cut."""

import difflib
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer._click.core import Command, Context
from typer._click.exceptions import UsageError
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup, TyperOption

from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import _
from provisioning.switches import FLAGS, LANG

_F = TypeVar("_F", bound=Callable[..., Any])


class NadiCommand(TyperCommand):
    """A command whose help says all it takes."""

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_parameters(self, ctx, formatter)
        _write_switches(formatter)

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _translated(super().get_help_option(ctx))


class NadiGroup(TyperGroup):
    """A group whose help lists its commands whole."""

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_usage(self, ctx, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
            formatter.write_dl([(name, _first_sentence(one)) for name, one in commands if one])
        _write_switches(formatter)

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _translated(super().get_help_option(ctx))

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except UsageError:
            known = self.list_commands(ctx)
            if args[0].startswith("-"):
                raise
            raise Trouble(
                "E-USAGE-03",
                name=args[0],
                command=ctx.command_path,
                nearest=_nearest(args[0], known),
            ) from None


def new_group(text: str) -> typer.Typer:
    """An empty group of commands."""
    return typer.Typer(
        cls=NadiGroup, help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False
    )


def command(group: typer.Typer, name: str, text: str) -> Callable[[_F], _F]:
    """Adds the function as a command of the group; `text` is its help."""
    return group.command(name, cls=NadiCommand, help=text)


def job_of(ctx: Context) -> Job:
    """The run that this command belongs to."""
    job = ctx.find_object(Job)
    assert job is not None, "main() gives every command its job"
    return job


def _write_usage(self: Command, ctx: Context, formatter: HelpFormatter) -> None:
    words = {"[OPTIONS]": _("[OPTIONS]"), "COMMAND [ARGS]...": _("COMMAND")}
    pieces = [words.get(piece, piece) for piece in self.collect_usage_pieces(ctx)]
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=_("Usage:") + " ")


def _write_parameters(self: Command, ctx: Context, formatter: HelpFormatter) -> None:
    records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in self.get_params(ctx):
        if record := parameter.get_help_record(ctx):
            name, text = record
            records[parameter.param_type_name].append((name, _in_words(text)))
    for kind, title in (("argument", _("Arguments")), ("option", _("Options"))):
        if records[kind]:
            with formatter.section(title):
                formatter.write_dl(records[kind])


def _in_words(text: str) -> str:
    """typer's own additions to a help text, which it does not translate."""
    default, required = _("default:"), _("required")
    return text.replace("[default: ", f"[{default} ").replace("[required]", f"[{required}]")


def _write_switches(formatter: HelpFormatter) -> None:
    with formatter.section(_("Everywhere")):
        switches = [*FLAGS.items(), LANG]
        formatter.write_dl([(name, _(text)) for name, text in switches])


def _translated(option: TyperOption | None) -> TyperOption | None:
    if option is not None:
        option.help = _("show this page")
    return option


def _first_sentence(one: Command) -> str:
    return (one.help or "").strip().partition("\n")[0]


def _nearest(word: str, known: list[str]) -> str:
    return ", ".join(difflib.get_close_matches(word, known, n=1, cutoff=0.5) or known)
