# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs, spelling and files: the parts of the preflight that are no rules."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight import files, findings, specs, spelling

ROLES = {
    "type": "list",
    "elements": "dict",
    "description": ["The roles. V(many) of them.", "More."],
    "options": {"name": {"type": "str", "required": True}, "kind": {"type": "str", "choices": ["a", "b"]}},
}


@pytest.mark.parametrize(
    ("option", "value", "typed"),
    [
        ({"type": "int"}, "15", 15),
        ({"type": "float"}, 1, 1.0),
        ({"type": "bool"}, "yes", True),
        ({"type": "str"}, None, None),
        ({"type": "str", "choices": ["", "a"]}, "", ""),
        ({"type": "list", "elements": "str"}, ["a"], ["a"]),
        (ROLES, [{"name": "x", "kind": "a"}], [{"name": "x", "kind": "a"}]),
    ],
)
def test_values_that_fit_come_back_in_their_type(option: dict[str, t.Any], value: t.Any, typed: t.Any) -> None:
    got, found = specs.validate("v", option, value)
    assert found == []
    assert got == typed
    assert type(got) is type(typed)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ({"type": "int", "description": "How many. E(NAME)"}, "many", 'v = "many": it must be of the type int. Correct it: How many. NAME.'),
        ({"type": "str", "choices": ["a", "b"], "description": "Which."}, "c", 'v = "c": it must be one of "a", "b". Correct it.'),
        ({"type": "list", "elements": "dict"}, "x", 'v = "x": its elements must be of the type dict. Correct it.'),
        ({"type": "int", "no_log": True}, "hunter2", "v = (value hidden): it must be of the type int. Correct it."),
        (
            {"type": "dict", "options": {"a": {"no_log": True}}},
            {"hunter2": 1},
            "v = (value hidden): it does not have the form that the role's argument spec asks for. Correct it.",
        ),
    ],
)
def test_values_that_do_not_fit(option: dict[str, t.Any], value: t.Any, text: str) -> None:
    _value, found = specs.validate("v", option, value)
    assert [item.describe() for item in found] == [text]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([{"kind": "a"}], ["missing required arguments: name"]),
        ([{"name": "x", "kind": "c"}], ["must be one of: a, b, got: c"]),
        ([{"name": "x", "colour": 1}], ["unknown: v.colour"]),
        ([{"kind": "c"}], ["missing required arguments: name", "got: c"]),
    ],
)
def test_what_is_wrong_inside_is_said_all_at_once(value: t.Any, words: list[str]) -> None:
    _value, found = specs.validate("v", ROLES, value)
    for word in words:
        assert any(word in item.reason for item in found), found


def test_a_password_where_none_belongs_is_not_shown() -> None:
    _value, found = specs.validate("v", ROLES, [{"name": "x", "password": "hunter2", "deep": [{"api_key": "hunter2"}]}])
    assert found
    assert all("hunter2" not in item.describe() for item in found)


def test_a_missing_variable_is_explained() -> None:
    assert specs.missing("v", ROLES, "db_access").describe() == (
        "v: the role db_access needs it, and it is not declared. Declare it in the inventory's group_vars: The roles. many of them."
    )


def test_long_values_are_cut() -> None:
    assert len(findings.shown("x" * 1000)) == findings.SHOWN_LENGTH


def test_names_that_nobody_reads() -> None:
    found = spelling.unread(
        declared=["neon_project_nam", "neon_project_name", "db_anything_at_all", "neon_shared", "ansible_host", "other"],
        known=["neon_project_name", "neon_project_id"],
        referenced=["neon_shared"],
        prefixes=["neon_", "db_"],
    )
    assert [(item.variable, item.warning) for item in found] == [("db_anything_at_all", True), ("neon_project_nam", False)]
    assert "misspelt neon_project_name" in found[1].remedy


PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        (PEM, "ca.pem", None),
        (None, "ca.pem", "No such file"),
        ("nothing", "ca.pem", "no certificate"),
        ("", "ca.pem", "no certificate"),
        (PEM, "", "empty"),
        (PEM, "relative.pem", "relative path"),
        (None, ".", "Is a directory"),
    ],
)
def test_the_ca_file(tmp_path: pathlib.Path, content: str | None, path: str, words: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    declared = path if path in ("", "relative.pem") else str(tmp_path / path)
    problems = files.look({"db_tls_ca_file": declared}).problems
    if words is None:
        assert problems == {}
    else:
        assert words in problems["db_tls_ca_file"].reason


def test_where_state_may_lie(tmp_path: pathlib.Path) -> None:
    def problem(**values: str) -> str | None:
        found = files.look(values).problems
        assert len(found) <= 1
        return next(iter(found.values())).reason if found else None

    assert problem(db_state_dir=str(tmp_path / "state")) is None
    assert problem(db_state_dir=str(tmp_path)) is None
    assert problem(db_access_secret_file=str(tmp_path / "a" / "b.json")) is None
    assert "empty" in (problem(db_state_dir="") or "")
    assert "relative path" in (problem(db_state_dir="state") or "")
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(0o1777)
    assert "everybody may make files" in (problem(db_state_dir=str(public / "state")) or "")
    assert "everybody may make files" in (problem(db_delivery_file=str(public / "x.env")) or "")
    mine = public / "mine"
    mine.mkdir(0o700)
    assert problem(db_state_dir=str(mine)) is None
    public.chmod(0o777)
    assert "everybody may write" in (problem(db_access_secret_file=str(public / "x.json")) or "")
    (tmp_path / "file").write_text("")
    assert "is not a directory" in (problem(db_state_dir=str(tmp_path / "file" / "state")) or "")
