"""A question takes the answers people here give, and nothing asks where nobody can answer."""

from io import StringIO
from pathlib import Path

import pytest

from provisioning import prompts
from provisioning.errors import Trouble
from provisioning.terminal import Terminal
from tests.provisioning.conftest import PASSPHRASE


def terminal(answers: str, *, interactive: bool = True) -> Terminal:
    return Terminal(
        out=StringIO(),
        err=StringIO(),
        source=StringIO(answers),
        width=80,
        colour=False,
        interactive=interactive,
    )


def code_of(trouble: pytest.ExceptionInfo[Trouble]) -> str:
    return trouble.value.known.code


@pytest.mark.parametrize("answer", ["y", "Y", "ya", "YA", "yes", " ya "])
def test_point_22_a_yes_in_either_language_goes_on(answer: str) -> None:
    prompts.confirm(terminal(f"{answer}\n"), "Lanjut?")


@pytest.mark.parametrize("answer", ["t", "tidak", "T", "n", "no"])
def test_point_22_a_no_in_either_language_cancels(answer: str) -> None:
    with pytest.raises(Trouble) as trouble:
        prompts.confirm(terminal(f"{answer}\n"), "Lanjut?")
    assert code_of(trouble) == "E-CANCEL-01"


def test_point_22_the_end_of_input_cancels() -> None:
    with pytest.raises(Trouble) as trouble:
        prompts.confirm(terminal("mungkin\n\n"), "Lanjut?")
    assert code_of(trouble) == "E-CANCEL-01"


def test_an_empty_answer_takes_the_default() -> None:
    assert prompts.ask(terminal("\n"), "City", flag="--city", default="baubau") == "baubau"
    assert prompts.ask(terminal("raha\n"), "City", flag="--city", default="baubau") == "raha"


def test_an_empty_answer_without_a_default_is_asked_again() -> None:
    assert prompts.ask(terminal("\n\nraha\n"), "City", flag="--city") == "raha"


def test_point_1_where_nobody_can_be_asked_the_flag_is_named() -> None:
    nobody = terminal("", interactive=False)
    for ask in (
        lambda: prompts.ask(nobody, "City", flag="--city"),
        lambda: prompts.confirm(nobody, "Lanjut?"),
        lambda: prompts.typed_name(nobody, "bb-0042", confirmed=None),
        lambda: prompts.secret(nobody, None, "Passphrase", flag="--passphrase", new=True),
    ):
        with pytest.raises(Trouble) as trouble:
            ask()
        assert code_of(trouble) == "E-USAGE-01"


def test_point_9_only_the_exact_name_goes_on() -> None:
    prompts.typed_name(terminal("bb-0042\n"), "bb-0042", confirmed=None)
    prompts.typed_name(terminal(""), "bb-0042", confirmed="bb-0042")
    with pytest.raises(Trouble) as trouble:
        prompts.typed_name(terminal("bb-0024\n"), "bb-0042", confirmed=None)
    assert code_of(trouble) == "E-CANCEL-01"
    with pytest.raises(Trouble) as trouble:
        prompts.typed_name(terminal("bb-0042\n"), "bb-0042", confirmed="ya")
    assert code_of(trouble) == "E-CONFIRM-01"


def test_point_3_a_secret_comes_from_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PASSPHRASE}\n")
    nobody = terminal(f"{PASSPHRASE}\n", interactive=False)
    for given in (f"file:{file}", "-"):
        found = prompts.secret(nobody, given, "Passphrase", flag="--passphrase", new=True)
        assert found == PASSPHRASE


@pytest.mark.parametrize(
    ("text", "code"), [("short", "E-USAGE-09"), ("two\nlines of it", "E-USAGE-09")]
)
def test_a_secret_that_cannot_be_one_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "secret").write_text(text)
    with pytest.raises(Trouble) as trouble:
        prompts.secret(
            terminal(""), f"file:{tmp_path}/secret", "Passphrase", flag="--passphrase", new=False
        )
    assert code_of(trouble) == code
