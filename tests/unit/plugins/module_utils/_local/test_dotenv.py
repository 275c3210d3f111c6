# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dotenv syntax: what is written must mean the same to shells and to our own reader, and what does not is refused."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import dotenv

SIGNS = st.text(alphabet="ab1 \t'\"`\\$#=!&;|<>(){}[]*?~%@:/+-.,_^né\ufeff\u00a0\u200b😀", max_size=12)


def lines(text: str) -> list[dotenv.Entry]:
    return dotenv.parse(text, "some.env")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", "A=''"),
        ("plain", "A='plain'"),
        ("two words # and a sign", "A='two words # and a sign'"),
        ('back\\slash and "quotes" and `ticks`', "A='back\\slash and \"quotes\" and `ticks`'"),
        ("it's", 'A="it\'s"'),
        ("postgresql://u:p%24w@h:5432/d?sslmode=verify-full&x=y", "A='postgresql://u:p%24w@h:5432/d?sslmode=verify-full&x=y'"),
    ],
)
def test_what_is_written(value: str, line: str) -> None:
    assert dotenv.assignment("A", value) == line


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\nb", "newline"),
        ("a\rb", "newline"),
        ("a\0b", "NUL"),
        ("a\u2028b", "newline"),
        ("a\ud800b", "control character"),
        ("pa$$word", "dollar sign"),
        ("$", "dollar sign"),
        ("end\\", "ends with a backslash"),
        ('it\'s "both"', "apostrophe"),
        ("it's \\ both", "apostrophe"),
        ("it's `both`", "apostrophe"),
    ],
)
def test_what_no_two_readers_agree_on_is_refused_without_the_value(value: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        dotenv.assignment("A", value)
    assert "variable A of env_file" in caught.value.message()
    assert value not in caught.value.message() or value == "$"
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A.B", "A B", "A=B", "A\n", "Ä"])
def test_a_name_that_no_shell_can_set_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="not the name of an environment variable"):
        dotenv.assignment(name, "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=bare", "bare"),
        ("A=", ""),
        ("  export A='x'  # why", "x"),
        ("A=bare # why", "bare"),
        ("A='x'", "x"),
        ('A="x y"', "x y"),
        ("A='first'\nA='last'", "last"),
        # Read differently by shells, dotenv and dotenv-expand.
        ("A = 'x'", None),
        ("A=two words", None),
        ("A=a&b", None),
        ("A='pa$word'", None),
        ('A="pa$word"', None),
        ('A="x\\n"', None),
        ("A='x\\'", None),
        ("A='x'y", None),
        ("A=`x`", None),
        ("A='x\ny'", None),
        ("A=$B", None),
    ],
)
def test_reading(text: str, value: str | None) -> None:
    assert dotenv.values(lines(text))["A"].value == value


def test_an_assignment_inside_a_value_over_several_lines_is_no_assignment() -> None:
    entries = lines('PEM="-----\nA=hidden\n-----"\nB=2\n')
    assert [(entry.name, entry.line) for entry in entries] == [("PEM", 1), ("B", 4)]
    text = dotenv.update(entries, {"A": "x", "B": "3"})
    assert text == "PEM=\"-----\nA=hidden\n-----\"\nB='3'\nA='x'\n"


def test_a_quote_that_is_never_closed_is_refused_by_line() -> None:
    with pytest.raises(InputError, match=r"opened in line 2 of some\.env is never closed"):
        lines("A=1\nB='secret\nC=2\n")


def test_foreign_lines_stay_and_a_repeated_variable_is_written_once() -> None:
    text = "# mine\n\nA=old\nOTHER = odd $line\nA=older\n"
    assert dotenv.update(lines(text), {"A": "new", "Z": "z"}) == "# mine\n\nA='new'\nOTHER = odd $line\nZ='z'\n"


def test_removing() -> None:
    assert dotenv.update(lines("A=1\nB=2\nA=3\n"), {"A": None}) == "B=2\n"
    assert dotenv.update(lines("A=1\n"), {"A": None}) == ""


@given(
    st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,4}", fullmatch=True), SIGNS, max_size=4),
    st.lists(SIGNS.map(lambda text: "# " + text), max_size=3),
)
def test_what_is_written_is_read_again_and_writing_it_again_changes_nothing(wanted: dict[str, str], comments: list[str]) -> None:
    try:
        text = dotenv.update(lines("\n".join(comments)), wanted)
    except InputError:
        return
    entries = lines(text)
    assert {name: entry.value for name, entry in dotenv.values(entries).items()} == wanted
    assert dotenv.update(entries, wanted) == text
    assert [entry.text for entry in entries if entry.name is None] == comments


@given(st.text(alphabet="A='\"\\$# \nb", max_size=20))
def test_no_text_breaks_the_reader_and_entries_hold_the_whole_text(text: str) -> None:
    try:
        entries = lines(text)
    except InputError:
        return
    whole = "\n".join(entry.text for entry in entries)
    assert whole == (text.removesuffix("\n"))


@pytest.mark.parametrize("shell", [("bash",), ("bash", "--posix"), ("sh",)], ids=" ".join)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_shells_read_what_was_written(shell: tuple[str, ...], tmp_path: pathlib.Path, data: st.DataObject) -> None:
    wanted: dict[str, str] = {}
    for index, value in enumerate(data.draw(st.lists(SIGNS, min_size=60, max_size=60))):
        try:
            dotenv.assignment(f"V{index}", value)
        except InputError:
            continue
        wanted[f"V{index}"] = value
    file = tmp_path / "values.env"
    file.write_text(dotenv.update([], wanted), encoding="utf-8")
    ran = subprocess.run(
        [*shell, "-c", 'set -a; . "$1"; exec env -0', "shell", str(file)], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert not ran.stderr
    got = dict(entry.split("=", 1) for entry in ran.stdout.decode("utf-8").split("\0") if entry)
    assert {name: got.get(name) for name in wanted} == wanted
