# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no Neon module takes, whatever Neon says: refused by name before a single request, in check mode as in a run."""

from __future__ import annotations

import types
import typing as t

import pytest
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, KEY, PROJECT_ID, conversation, endpoint, options, role

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_endpoint, neon_project, neon_role, neon_snapshot

PROJECT = {"name": "shop", "region_id": "aws-eu-central-1"}
BRANCH = {"project_id": PROJECT_ID, "name": "staging", "parent": "production"}
SNAPSHOT = {"project_id": PROJECT_ID, "name": "dbinfra-x", "branch": "production"}
ON_BRANCH = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID}
ENDPOINT = {**ON_BRANCH, "type": "read_only", "name": "replica"}
ROLE = {**ON_BRANCH, "name": "shop_owner"}
DATABASE = {**ON_BRANCH, "name": "shop", "owner_name": "shop_owner"}
NAMES: list[tuple[types.ModuleType, dict[str, t.Any], str, str]] = [
    (neon_project, PROJECT, "name", "a project"),
    (neon_project, PROJECT, "default_branch", "a branch"),
    (neon_project, PROJECT, "owner_role", "a role"),
    (neon_project, PROJECT, "database", "a database"),
    (neon_branch, BRANCH, "name", "a branch"),
    (neon_branch, BRANCH, "new_name", "a branch"),
    (neon_snapshot, SNAPSHOT, "name", "a snapshot"),
    (neon_endpoint, ENDPOINT, "name", "an endpoint"),
    (neon_role, ROLE, "name", "a role"),
    (neon_database, DATABASE, "name", "a database"),
    (neon_database, DATABASE, "owner_name", "a role"),
]


def refused(module: types.ModuleType, wish: dict[str, t.Any], check: bool) -> str:
    """The message of a task that asks nothing."""
    with conversation() as neon:
        result = run_module(module, options(**wish), check=check)
        assert neon.requests == []
    assert result["failed"] is True
    assert "defect" not in result["msg"]
    return str(result["msg"])


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("  ", "cannot be '  ': it holds nothing but blanks."),
        ("\u00a0", "cannot be '\\xa0': it holds nothing but blanks."),
        ("a\nb", "cannot be 'a\\nb': it holds a control character, such as the end of a line."),
        ("a\x07b", "cannot be 'a\\x07b': it holds a control character, such as the end of a line."),
        ("staging ", "cannot be 'staging ': it begins or ends with a blank."),
    ],
)
@pytest.mark.parametrize(("module", "wish", "option", "subject"), NAMES)
def test_a_name_that_nobody_means(
    module: types.ModuleType, wish: dict[str, t.Any], option: str, subject: str, name: str, reason: str, check: bool
) -> None:
    remedy = f"Give the {subject.split()[1]}'s exact name."
    assert refused(module, {**wish, option: name}, check) == f"option {option}: {subject}'s name {reason} {remedy}"


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("given", "shown"), [(["a"], 'list ["a"]'), ({"a": 1}, 'dictionary {"a": 1}'), (True, "boolean true"), ([], "list []")])
@pytest.mark.parametrize(("module", "wish", "option", "subject"), NAMES)
def test_a_name_that_is_no_text(
    module: types.ModuleType, wish: dict[str, t.Any], option: str, subject: str, given: t.Any, shown: str, check: bool
) -> None:
    message = refused(module, {**wish, option: given}, check)
    assert message.startswith(f"option {option}: it is the {shown}, and a text is wanted. Ansible would make the text of it that Python shows")
    assert "Give the text itself" in message


def test_a_key_that_is_no_text_is_not_shown() -> None:
    message = refused(neon_branch, {**BRANCH, "api_key": [KEY]}, True)
    assert message.startswith("option api_key: it is the list, and a text is wanted.")
    assert KEY not in message


def test_a_number_is_a_name() -> None:
    with conversation() as neon:
        neon.expect("GET", f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/roles", {"roles": [role(name="5")]})
        assert run_module(neon_role, options(**{**ROLE, "name": 5}))["role"]["name"] == "5"


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"owner_role": "postgres"}, "option owner_role: postgres cannot be made: the name postgres is reserved. Choose another name."),
        (
            {"owner_role": "pg_shop"},
            "option owner_role: pg_shop cannot be made: names that begin with pg_ belong to PostgreSQL. Choose another name.",
        ),
        ({"database": "template1"}, "option database: template1 cannot be made: every PostgreSQL server has a database of this name"),
        ({"history_retention_seconds": 2592001}, "option history_retention_seconds: it is 2592001. Neon keeps 0 to 2592000 seconds (30 days)."),
        ({"history_retention_seconds": -1}, "option history_retention_seconds: it is -1. Neon keeps 0 to 2592000 seconds (30 days)."),
        ({"default_compute": {"min_cu": 0.3}}, "option default_compute: min_cu is 0.3. Neon has no compute of this size. Declare 0.25 or 0.5."),
        ({"default_compute": {"min_cu": 1, "max_cu": 10}}, "option default_compute: max_cu is 10. Neon scales over at most 8 CU, and min_cu is 1."),
    ],
)
def test_a_project_that_cannot_be(wish: dict[str, t.Any], message: str, check: bool) -> None:
    assert refused(neon_project, {**PROJECT, **wish}, check).startswith(message)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("module", "wish", "kind", "message"),
    [
        (neon_role, {**ROLE, "name": "public"}, "roles", "option name: public cannot be made: the name public is reserved."),
        (neon_role, {**ROLE, "name": "neon_superuser"}, "roles", "option name: neon_superuser cannot be made: the name neon_superuser is reserved."),
        (neon_database, {**DATABASE, "name": "postgres"}, "databases", "option name: postgres cannot be made: every PostgreSQL server has"),
    ],
)
def test_what_is_reserved_is_not_made(module: types.ModuleType, wish: dict[str, t.Any], kind: str, message: str, check: bool) -> None:
    # What is there may be looked at: Neon's own roles are listed on some branches.
    with conversation() as neon:
        neon.expect("GET", f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/{kind}", {kind: []})
        assert run_module(module, options(**wish), check=check)["msg"].startswith(message)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("value", "shown"), [(None, "null"), (["4MB"], '["4MB"]'), ({"a": 1}, '{"a": 1}'), (float("nan"), "NaN"), (float("inf"), "Infinity")]
)
def test_a_setting_without_a_value(value: t.Any, shown: str, check: bool) -> None:
    message = refused(neon_endpoint, {**ON_BRANCH, "settings": {"pg_settings": {"jit": True, "work_mem": value}}}, check)
    assert message.startswith(f"option settings.pg_settings: the value of 'work_mem' is {shown}, which is no text, number or boolean. Give work_mem")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            {"min_cu": 0.3},
            "options min_cu, max_cu and suspend_timeout_seconds: min_cu is 0.3. Neon has no compute of this size. Declare 0.25 or 0.5.",
        ),
        ({"min_cu": 1, "max_cu": 10}, "options min_cu, max_cu and suspend_timeout_seconds: max_cu is 10. Neon scales over at most 8 CU"),
        ({"min_cu": 18, "max_cu": 20}, "options min_cu, max_cu and suspend_timeout_seconds: max_cu is 20. Computes above 16 CU do not scale"),
    ],
)
def test_a_compute_that_neon_does_not_have(sizes: dict[str, t.Any], message: str, check: bool) -> None:
    assert refused(neon_endpoint, {**ON_BRANCH, **sizes}, check).startswith(message)


@pytest.mark.parametrize("check", [True, False])
def test_one_end_that_makes_the_range_too_wide(check: bool) -> None:
    with conversation() as neon:
        neon.expect("GET", f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/endpoints", {"endpoints": [endpoint()]})
        message = run_module(neon_endpoint, options(**ON_BRANCH, max_cu=9), check=check)["msg"]
    assert message.startswith("options min_cu and max_cu: max_cu is 9. Neon scales over at most 8 CU, and min_cu is 0.25. Declare at most 8,")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("wish", "message"),
    [
        *(({"pg_version": major}, f"option pg_version: it is {major}. Neon has PostgreSQL 14 to 18.") for major in (3, 13, 19, 99)),
        ({"region_id": ""}, "option region_id: '' names no region. An unset variable gives that."),
        ({"region_id": " "}, "option region_id: ' ' names no region. An unset variable gives that."),
        *(
            ({"quota": {"active_time_seconds": number}}, f"option quota: active_time_seconds is {number}. Neon takes at most 9223372036854775807.")
            for number in (2**63, 10**30)
        ),
    ],
)
def test_a_project_that_neon_does_not_have(wish: dict[str, t.Any], message: str, check: bool) -> None:
    assert refused(neon_project, {**PROJECT, **wish}, check).startswith(message)


@pytest.mark.parametrize("wish", [{"pg_version": 14}, {"pg_version": 18}, {"quota": {"active_time_seconds": 2**63 - 1}}])
def test_the_outermost_of_a_project_is_asked_for(wish: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", "/projects", {"projects": [], "pagination": {}}, query={"search": "shop", "limit": "400"})
        assert run_module(neon_project, options(**{**PROJECT, **wish}), check=True)["changed"] is True
