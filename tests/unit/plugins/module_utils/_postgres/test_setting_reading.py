# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the differential test has found, each once, without a server: the expected readings are those of real servers."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Parameter, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import declared_problems
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_list import BadListError, split_list
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import declared_value, shown_text, stored_canonical


def parameter(name: str, major: int = 17) -> Parameter:
    return snapshot_catalogue(major).find(name)


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        # C's strtol and strtod.
        ("work_mem", "0x1B0", "432"),
        ("max_connections", "0x64.8", "100"),
        ("max_connections", "010.5", "10"),
        ("max_connections", "\t 100 \r", "100"),
        ("random_page_cost", "0x1p3", "8"),
        ("random_page_cost", "0X.8", "0.5"),
        ("vacuum_cost_delay", "-1e-10h", "0"),
        # C's doubles: 1.0005 s is a hair less than 1000.5 ms.
        ("statement_timeout", "1.0005s", "1000"),
        ("statement_timeout", "0.0295s", "30"),
        ("seq_page_cost", "1.7976931348623157e308", "1.79769313486232e+308"),
        ("recursive_worktable_factor", "0.001", "0.001"),
        # What a parameter's own check makes of a value.
        ("wal_buffers", 0, "4"),
        ("wal_buffers", -1, "-1"),
        ("autovacuum_work_mem", "1kB", "64"),
        ("autovacuum_work_mem", -1, "-1"),
        ("transaction_buffers", 48, "48"),
        ("vacuum_buffer_usage_limit", 0, "0"),
        ("application_name", "caf\u00e9", "caf\\xc3\\xa9"),
        ("cluster_name", "x" * 70, "x" * 63),
        ("application_name", "x" * 62 + "\u00e9", "x" * 62),
        ("log_directory", "/a//b/./c/../d/", "/a/b/d"),
        ("log_directory", "a/..", "."),
        ("log_directory", "../x", "../x"),
        ("wal_level", "hot_standby", "replica"),
        ("wal_level", "ARCHIVE", "replica"),
        ("session_replication_role", "archive", None),
        # Lists.
        ("DateStyle", "iso, us", ("iso", "mdy")),
        ("DateStyle", "German", ("german", "dmy")),
        ("DateStyle", "YMD", ("ymd",)),
        ("DateStyle", "default", ()),
        ("search_path", "Public, \"Public\"", ("public", "Public")),
        ("search_path", ["Public"], ("Public",)),
        ("search_path", ["a", ""], ("a", "")),
        ("temp_tablespaces", [""], ()),
        ("log_destination", "STDERR, CsvLog", ("stderr", "csvlog")),
        ("synchronized_standby_slots", "One, two", ("one", "two")),
        ("listen_addresses", ["a, b"], ("a", "b")),
        ("synchronous_standby_names", "a, b", ("first", "1", "a", "b")),
        ("synchronous_standby_names", "FIRST 1(A ,\"b\")", ("first", "1", "a", "b")),
        ("synchronous_standby_names", "any 2 (a, *, 3)", ("any", "2", "a", "*", "3")),
        ("synchronous_standby_names", "4294967297 (a)", ("first", "1", "a")),
        ("synchronous_standby_names", ["a", "b"], ("first", "1", "a", "b")),
        ("synchronous_standby_names", "", ()),
    ],
)  # fmt: skip
def test_what_the_server_reads(name: str, value: t.Any, canonical: t.Any) -> None:
    if canonical is None:
        with pytest.raises(InputError):
            declared_value(parameter(name), value)
    else:
        assert declared_value(parameter(name), value).canonical == canonical


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_connections", "08.5", "octal"),
        ("max_connections", "\u0661\u0660", "it is not a number"),
        ("max_connections", "100\u00a0", "it is not a number"),
        ("max_connections", " .5", "it is not a number"),
        ("max_connections", "1e400", "beyond what a number can hold"),
        ("max_connections", "inf", "it is not a number"),
        ("max_connections", "99999999999", "outside of the range of whole numbers"),
        ("random_page_cost", "inf", "outside of the valid range"),
        ("random_page_cost", "nan", "it is not a number"),
        ("random_page_cost", "1e-400", "beyond what a number can hold"),
        ("jit", "of\u017f", "it is not a Boolean"),
        ("wal_level", "logica\u0139", "it is none of"),
        ("transaction_buffers", 17, "multiple of 16"),
        ("vacuum_buffer_usage_limit", 127, "neither 0 nor at least 128 kB"),
        ("backtrace_functions", "f()", "letters, digits and underscores"),
        ("primary_slot_name", "A-slot", "names of replication slots"),
        ("synchronized_standby_slots", "a-b", "names of replication slots"),
        ("recovery_target", "IMMEDIATE", "neither immediate nor empty"),
        ("recovery_target_lsn", "0/123456789", "no place in the log"),
        ("recovery_target_name", "x" * 64, "longer than 63 bytes"),
        ("DateStyle", "ISO, SQL", "contradict each other"),
        ("DateStyle", "julian", "no word of DateStyle"),
        ("log_destination", "stdout", "'stdout' is none of csvlog, jsonlog, stderr, syslog"),
        ("createrole_self_grant", "set, admin", "'admin' is none of"),
        ("restrict_nonsystem_relation_kind", "table", "none of foreign-table, view"),
        ("debug_io_direct", "log", "none of data, wal, wal_init"),
        ("search_path", "a,,b", "an element is empty"),
        ("search_path", '"a', "a double quote is not closed"),
        ("search_path", "a b", "there is no comma before 'b'"),
        ("shared_preload_libraries", "a,", "an element is empty"),
        ("synchronous_standby_names", "a b", "not separated by single commas"),
        ("synchronous_standby_names", "a, b,", "not separated by single commas"),
        ("synchronous_standby_names", "FIRST (a)", "a name is missing"),
        ("synchronous_standby_names", "ANY 0 (a)", "not greater than zero"),
        ("synchronous_standby_names", "2 (a, b", "a bracket is not closed"),
        ("synchronous_standby_names", " ", "a name is missing"),
        ("synchronous_standby_names", "a-b", "a syntax error at '-b'"),
    ],
)
def test_what_the_server_refuses(name: str, value: t.Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        declared_value(parameter(name), value)
    assert words in caught.value.message()


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("autovacuum_work_mem", 0, "1024"),
        ("cluster_name", "\u00e9", "??"),
        ("log_directory", "a/./b/.", "a/./b"),
        ("log_directory", "/a/../..", "/"),
        ("stats_temp_directory", "a//b/c/..", "a/b"),
        ("log_directory", "../..", "../.."),
        ("log_directory", "a/..", "."),
    ],
)
def test_what_14_reads_otherwise(name: str, value: t.Any, canonical: str) -> None:
    assert declared_value(parameter(name, 14), value).canonical == canonical


def test_what_18_looks_at() -> None:
    log_connections = parameter("log_connections", 18)
    assert declared_value(log_connections, "ALL").canonical == ("all",)
    assert declared_value(log_connections, "Yes").canonical == ("yes",)
    assert declared_value(log_connections, "").canonical == ()
    for wrong in ("on, all", "all, on", "t", "receipts", ["a"]):
        with pytest.raises(InputError, match="is none of"):
            declared_value(log_connections, wrong)
    assert declared_value(parameter("io_max_concurrency", 18), -1).canonical == "-1"
    with pytest.raises(InputError, match="leaves no room"):
        declared_value(parameter("io_max_concurrency", 18), 0)


def test_jsonlog_came_with_15() -> None:
    assert declared_value(parameter("log_destination", 15), "jsonlog").canonical == ("jsonlog",)
    with pytest.raises(InputError, match="jsonlog"):
        declared_value(parameter("log_destination", 14), "jsonlog")


def test_what_is_sent_is_what_was_declared() -> None:
    """An element that the server quotes goes alone; elsewhere the declared text goes as it is, with its own quotes."""
    assert declared_value(parameter("search_path"), '"$user", Public').arguments == ("$user", "public")
    assert declared_value(parameter("synchronous_standby_names"), 'FIRST 1 ("a, b", c)').arguments == ('FIRST 1 ("a, b", c)',)
    assert declared_value(parameter("myext.names"), ["a", "b"]).arguments == ("a, b",)
    assert stored_canonical(parameter("myext.names"), "a, b") == declared_value(parameter("myext.names"), ["a", "b"]).canonical


def test_stored_lists_that_no_server_could_read() -> None:
    assert stored_canonical(parameter("search_path"), '"a') == ("unreadable", '"a')
    assert shown_text(parameter("search_path"), '"a') == '"a'
    assert shown_text(parameter("synchronous_standby_names"), 'ANY 1 ("a")') == 'ANY 1 ("a")'


def test_names_are_folded_and_cut_as_the_server_does() -> None:
    assert split_list('A, "B", \u00c9', fold=True) == ["a", "B", "\u00c9"]
    assert split_list("x" * 70, fold=True) == ["x" * 63]
    assert split_list("a b , c", directories=True) == ["a b", "c"]
    with pytest.raises(BadListError):
        split_list('"a"b')


@pytest.mark.parametrize("name", ["transaction_deferrable", "transaction_isolation", "transaction_read_only"])
def test_what_belongs_to_a_transaction_is_set_nowhere(name: str) -> None:
    for scope in (Scope(), Scope("shop"), Scope(role="app")):
        ((_item, error),) = declared_problems(snapshot_catalogue(17), "self_hosted", [SettingWanted(name, scope, "on")])
        assert f"Declare default_{name}" in error.message()
