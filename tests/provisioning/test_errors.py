"""Each known error says in both languages what happened, whether data is safe, what to do."""

import re
from collections import Counter
from string import Formatter

import pytest

from provisioning import language
from provisioning.errors import Known, Trouble
from provisioning.known import BY_CODE, TABLES
from scripts.catalogues import LANGUAGES, PROGRAMS, Spoken, judge
from tests.provisioning import tree

ALL = [pytest.param(known, id=code) for code, known in BY_CODE.items()]
QUOTED = re.compile(r"`(nadi [^`]+)`")


def _raised(known: Known) -> Trouble:
    text = known.what + known.safe + known.fix
    fields = {field for _, field, _, _ in Formatter().parse(text) if field}
    return Trouble(known.code, **dict.fromkeys(fields, "[x] value"))


@pytest.mark.parametrize("known", ALL)
def test_point_12_an_error_has_all_its_parts_in_both_languages(known: Known) -> None:
    assert re.fullmatch(r"E-[A-Z]+-\d\d", known.code)
    assert known.exit != 0
    lines = []
    for spoken in LANGUAGES:
        language.use(spoken)
        lines.append(_raised(known).lines())
    english, indonesian = lines
    assert all(part.strip() for part in english + indonesian)
    assert all(first != second for first, second in zip(english, indonesian, strict=True))


@pytest.mark.parametrize("known", ALL)
def test_point_13_a_quoted_command_is_one_of_ours(known: Known) -> None:
    for line in QUOTED.findall(known.fix):
        tree.parse(line)


def test_point_13_a_command_that_is_not_ours_is_found_out() -> None:
    with pytest.raises(AssertionError, match="there is no"):
        tree.parse("nadi authority foretell")


def test_codes_are_told_apart_by_telephone() -> None:
    codes = [known.code.replace("-", "") for table in TABLES for known in table]
    assert [code for code, count in Counter(codes).items() if count > 1] == []


@pytest.mark.parametrize("spoken", PROGRAMS, ids=lambda one: one.program)
def test_point_21_the_catalogues_are_complete_with_equal_placeholders(spoken: Spoken) -> None:
    assert list(judge(spoken)) == []


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_the_document_of_an_error_has_the_same_words_in_every_language(code: str) -> None:
    documents = set()
    for spoken in LANGUAGES:
        language.use(spoken)
        documents.add(_raised(BY_CODE[code]).outcome().document())
    assert len(documents) == 1


def test_the_cause_within_an_error_is_told_in_the_same_language() -> None:
    cause = Trouble("E-BROKER-03", why=language.mark("it does not run here."))
    error = Trouble("E-REVOKE-01", number=3, broker="b:1", name="bb-0042", why=cause)
    language.use("id")
    what, _, _ = error.lines()
    assert cause.lines()[0] in what
    assert str(cause) not in what
    assert str(cause) in str(error.outcome().error)
