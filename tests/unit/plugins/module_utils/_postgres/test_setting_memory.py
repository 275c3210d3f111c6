# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration has set before is reset once it is declared no longer, and nothing else is."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import resolve
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_memory import Memory, check_name, recollect, remembered
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingState, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_plan import plan_settings

SYSTEM, SHOP, READER = Scope(), Scope("shop"), Scope("shop", 'a"b]: c')
STATE = SettingState(
    snapshot_catalogue(17), "self_hosted", "owner", login_superuser=True, databases=frozenset({"shop"}), roles=frozenset({READER.role or ""})
)
WANTED = [SettingWanted("work_mem", SHOP, "8MB"), SettingWanted("JIT", READER, False), SettingWanted("random_page_cost", SYSTEM, 1.1)]
ENTRIES = remembered(resolve(STATE, WANTED))


def with_stored(state: SettingState, **values: str) -> SettingState:
    return dataclasses.replace(state, stored={SHOP: values})


def remembering(comment: str | None = None) -> Memory:
    return Memory("db_settings", "shop", Memory("db_settings", "shop", comment).with_entries(ENTRIES))


@pytest.mark.parametrize("words", [None, "The shop's database", "two\n\nlines", "the colon: of [others]"])
def test_what_is_remembered_stands_beside_other_peoples_words(words: str | None) -> None:
    memory = remembering(words)
    assert memory.entries == ENTRIES and set(memory.scopes) == {SHOP, READER, SYSTEM}
    assert memory.with_entries(ENTRIES) == memory.comment
    assert memory.with_entries({}) == words
    other = Memory("another", "shop", memory.comment)
    assert other.entries == {}
    both = other.with_entries({(SHOP, "jit"): "0"})
    assert Memory("db_settings", "shop", both).entries == ENTRIES and Memory("another", "shop", both).entries == {(SHOP, "jit"): "0"}


def test_no_value_stands_in_the_comment() -> None:
    state = dataclasses.replace(STATE, in_auto_file=frozenset())
    secret = [SettingWanted("primary_conninfo", SYSTEM, "host=a password=hunter2"), SettingWanted("archive_command", SYSTEM, "cp %p /backup")]
    entries = remembered(resolve(state, secret))
    assert [name for _scope, name in entries] == ["archive_command"]
    comment = Memory("x", "shop").with_entries(entries)
    assert comment is not None and "/backup" not in comment and "hunter2" not in comment


def test_what_is_declared_no_longer_is_reset_and_forgotten() -> None:
    memory, state = remembering(), with_stored(STATE, work_mem="8192kB")
    found = recollect(state, WANTED[1:], memory)
    assert found.resets == (SettingWanted("work_mem", SHOP, present=False),) and found.changed_since == ()
    plan = plan_settings(state, [*WANTED[1:], *found.resets], memory=memory)
    assert "reset work_mem for database shop" in [change.describe() for change in plan.changes]
    text = plan.changes[-1].payload.parts["text"].value
    assert (SHOP, "work_mem") not in Memory("db_settings", "shop", text).entries
    assert "# db_settings remembers work_mem of database shop\n" in str(plan.before) and "remembers work_mem" not in str(plan.after)


@pytest.mark.parametrize("name", ["work_mem", "WORK_MEM"])
def test_what_is_declared_is_never_forgotten(name: str) -> None:
    state = with_stored(STATE, work_mem="8MB")
    assert recollect(state, [SettingWanted(name, SHOP, "64kB")], remembering()).resets == ()
    assert recollect(state, [SettingWanted(name, SHOP, present=False)], remembering()).resets == ()


def test_another_value_is_somebody_elses() -> None:
    found = recollect(with_stored(STATE, work_mem="9MB"), [], remembering())
    assert found.resets == () and [(item.name, item.scope) for item in found.changed_since] == [("work_mem", SHOP)]


def test_what_was_never_set_here_is_left_alone() -> None:
    found = recollect(with_stored(STATE, lock_timeout="5s"), [], remembering())
    assert (found.resets, found.changed_since) == ((), ())


def test_a_line_of_postgresql_conf_is_its_writers() -> None:
    state = dataclasses.replace(STATE, file_text={"random_page_cost": "1.1"})
    assert recollect(state, [], remembering()).resets == ()
    written = dataclasses.replace(state, in_auto_file=frozenset({"random_page_cost"}))
    assert recollect(written, [], remembering()).resets == (SettingWanted("random_page_cost", SYSTEM, present=False),)


def test_a_second_run_remembers_nothing_new() -> None:
    state = with_stored(STATE, work_mem="8MB")
    first = plan_settings(state, WANTED[:1], memory=Memory("db_settings", "shop"))
    assert [change.describe() for change in first.changes] == ["remember what db_settings has set"]
    memory = Memory("db_settings", "shop", first.changes[0].payload.parts["text"].value)
    assert plan_settings(state, WANTED[:1], memory=memory).changes == ()


def test_who_may_not_write_the_comment_is_told_before_anything_is_changed() -> None:
    memory = Memory("db_settings", "shop", writable=False)
    with pytest.raises(InputError, match="owner may not write the comment of database shop"):
        plan_settings(STATE, WANTED[:1], memory=memory)
    with pytest.raises(InputError, match="a standby remembers nothing"):
        plan_settings(dataclasses.replace(STATE, standby=True), WANTED[2:], memory=Memory("x", "shop"))
    assert plan_settings(STATE, [], memory=memory).changes == ()


@pytest.mark.parametrize("line", ["", "x", "[1]", '[["shop",null,[]]]', "{}x"])
def test_a_line_that_somebody_has_changed_is_refused(line: str) -> None:
    comment = f'dbinfra.postgres remembers the settings of "db_settings": {line}'
    with pytest.raises(InputError, match="what is remembered under 'db_settings' cannot be read"):
        _ = Memory("db_settings", "shop", comment).entries


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 101])
def test_a_name_stands_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match="no name to remember by"):
        check_name(name)


def test_a_database_that_is_renamed_keeps_its_memory() -> None:
    comment = remembering().comment
    renamed = Memory("db_settings", "store", comment)
    assert set(renamed.scopes) == {Scope("store"), Scope("store", READER.role), SYSTEM}
    state = dataclasses.replace(STATE, databases=frozenset({"store"}), stored={Scope("store"): {"work_mem": "8MB"}})
    assert recollect(state, [], renamed).resets == (SettingWanted("work_mem", Scope("store"), present=False),)


def test_who_cannot_see_the_files_cannot_say_what_is_to_be_reset() -> None:
    state = dataclasses.replace(STATE, file_readable=False, login_user="app")
    with pytest.raises(InputError, match=r"of random_page_cost cannot be seen\. app may not read pg_file_settings"):
        recollect(state, WANTED[:2], remembering())
    assert recollect(state, WANTED, remembering()).resets == ()
