# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of parameters, against the snapshot's parameters of PostgreSQL 17 (and 18 where that differs)."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Parameter, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_list import split_list
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import (
    declared_value,
    read_bool,
    shown_text,
    stored_canonical,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.settings_snapshot import SERVERS


def parameter(name: str, major: int = 17) -> Parameter:
    return snapshot_catalogue(major).find(name)


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("shared_buffers", "256MB", "32768"),
        ("shared_buffers", 16384, "16384"),
        ("work_mem", "1.5MB", "1536"),
        ("work_mem", "1 GB", "1048576"),
        ("maintenance_work_mem", "1.5GB", "1572864"),
        ("work_mem", "0x1000", "4096"),
        ("work_mem", "1e3", "1000"),
        ("max_wal_size", "30.1GB", "30822"),
        ("checkpoint_timeout", "0.25h", "900"),
        ("statement_timeout", "0.25h", "900000"),
        ("statement_timeout", "30s", "30000"),
        ("autovacuum_vacuum_cost_delay", "0.5ms", "0.5"),
        ("vacuum_cost_delay", "500us", "0.5"),
        ("random_page_cost", "1.10", "1.1"),
        ("random_page_cost", 4, "4"),
        ("log_rotation_age", "1d", "1440"),
        ("max_connections", "010", "8"),
        ("autovacuum_work_mem", -1, "-1"),
        ("enable_seqscan", "yes", "on"),
        ("jit", 0, "off"),
        ("jit", False, "off"),
        ("jit", "of", "off"),
        ("wal_level", "REPLICA", "replica"),
        ("synchronous_commit", True, "on"),
        ("synchronous_commit", "no", "off"),
        ("wal_compression", "on", "pglz"),
        ("archive_command", "it's, a 'command'", "it's, a 'command'"),
        ("primary_conninfo", "host=a,b port=1", "host=a,b port=1"),
        ("search_path", ["$user", "public"], ("$user", "public")),
        ("search_path", '"$user", public', ("$user", "public")),
        ("shared_preload_libraries", "a, b", ("a", "b")),
        ("DateStyle", "ISO, DMY", ("iso", "dmy")),
        ("listen_addresses", "", ()),
        ("myext.foo", "Bar", "Bar"),
    ],
)
def test_canonical_values(name: str, value: t.Any, canonical: t.Any) -> None:
    assert declared_value(parameter(name), value).canonical == canonical


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("work_mem", "1gb", "did you mean GB"),
        ("work_mem", "1.5kB", "2 kB is outside of the valid range 64 kB to 2147483647 kB"),
        ("work_mem", "5 m", "'m' is not one of its units"),
        ("work_mem", "5 MB 3", "it is not a number"),
        ("max_connections", 99999999, "outside of the valid range 1 to 262143"),
        ("max_connections", "10MB", "it takes no unit"),
        ("max_connections", "09", "octal"),
        ("jit", "o", "it is not a Boolean"),
        ("jit", 2, "it is not a Boolean"),
        ("wal_level", "full", "it is none of minimal, replica, logical"),
        ("work_mem", ["1MB"], "it is not a list parameter"),
        ("work_mem", None, "no value was given"),
        ("work_mem", {"a": 1}, "it is a dict"),
        ("application_name", "a\0b", "null character"),
        ("unix_socket_directories", [], "one element with an empty name"),
        ("shared_preload_libraries", ["a", ""], "an element is empty"),
    ],
)
def test_what_the_server_would_refuse(name: str, value: t.Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        declared_value(parameter(name), value)
    assert words in caught.value.message()


def test_log_connections_became_a_list_in_18() -> None:
    assert declared_value(parameter("log_connections", 17), "true").canonical == "on"
    assert declared_value(parameter("log_connections", 18), "receipt,authentication").canonical == ("receipt", "authentication")
    assert declared_value(parameter("log_connections", 18), True).canonical == ("on",)


@pytest.mark.parametrize("name", ["shared_preload_libraries", "session_preload_libraries", "local_preload_libraries", "temp_tablespaces"])
def test_an_empty_list_that_would_break_the_server_has_nothing_to_set(name: str) -> None:
    assert declared_value(parameter(name), []).arguments == ()
    assert stored_canonical(parameter(name), '""') == ()


def test_an_empty_search_path_is_legal() -> None:
    assert declared_value(parameter("search_path"), []).arguments == ("",)
    assert stored_canonical(parameter("search_path"), '""') == ()


def test_each_list_element_is_an_argument_of_its_own() -> None:
    value = declared_value(parameter("search_path"), '"$user", "My, Schema"')
    assert value.arguments == ("$user", "My, Schema")
    assert shown_text(parameter("search_path"), '"$user", "My, Schema"') == value.text


def test_a_stored_text_that_cannot_be_read_differs_from_everything() -> None:
    assert stored_canonical(parameter("work_mem"), "nonsense") == ("unreadable", "nonsense")
    assert stored_canonical(parameter("work_mem"), None) is None


@pytest.mark.parametrize(
    ("text", "answer"), [("t", "on"), ("ON", "on"), ("y", "on"), ("1", "on"), ("n", "off"), ("of", "off"), ("fal", "off"), ("0", "off")]
)
def test_booleans_by_prefix(text: str, answer: str) -> None:
    assert read_bool(text) == answer


@pytest.mark.parametrize("text", ["o", "", " on", "on ", "2", "onn", "yess", "-"])
def test_no_booleans(text: str) -> None:
    assert read_bool(text) is None


@given(st.lists(st.text(min_size=1).filter(lambda text: "\0" not in text), min_size=1))
def test_quoted_elements_come_back(elements: list[str]) -> None:
    assert split_list(", ".join('"' + element.replace('"', '""') + '"' for element in elements)) == elements


@given(st.integers(64, 2147483647))
def test_the_same_size_in_any_unit(kilobytes: int) -> None:
    want = str(kilobytes)
    work_mem = parameter("work_mem")
    for text in (f"{kilobytes}", f"{kilobytes}kB", f"{kilobytes} kB", f"{kilobytes * 1024}B", hex(kilobytes)):
        assert declared_value(work_mem, text).canonical == want
    if kilobytes % 1024 == 0:
        assert declared_value(work_mem, f"{kilobytes // 1024}MB").canonical == want


@pytest.mark.parametrize("major", sorted(SERVERS))
def test_every_built_in_default_is_a_legal_value(major: int) -> None:
    catalogue = snapshot_catalogue(major)
    checked = 0
    for item in catalogue._by_name.values():
        # Lists that are empty, and the few that the server computes itself.
        if item.boot_val is None or item.context == "internal" or item.is_list:
            continue
        assert declared_value(item, item.boot_val).canonical == stored_canonical(item, item.boot_val)
        checked += 1
    assert checked > 250


def test_unknown_names_get_the_nearest_ones() -> None:
    with pytest.raises(InputError, match="Did you mean statement_timeout"):
        parameter("statement_timeot")
    with pytest.raises(InputError, match="the snapshot of PostgreSQL 17"):
        parameter("x")
    with pytest.raises(InputError, match="PostgreSQL 13 is not supported"):
        snapshot_catalogue(13)


@pytest.mark.parametrize("name", ["a..b", "a.b c", "1a.b", "a.1b", ".a", "a."])
def test_bad_custom_names(name: str) -> None:
    with pytest.raises(InputError):
        parameter(name)


def test_a_parameter_that_came_or_changed_with_a_major() -> None:
    assert parameter("autovacuum_max_workers", 17).context == "postmaster"
    assert parameter("autovacuum_max_workers", 18).context == "sighup"
    with pytest.raises(InputError):
        parameter("reserved_connections", 15)
    assert parameter("RESERVED_CONNECTIONS", 16).name == "reserved_connections"
