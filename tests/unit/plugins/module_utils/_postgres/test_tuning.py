# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings levels on every machine: the server would take each value, the memory lasts, more of anything never gives less."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.compute_sizes import COMPUTE_SIZES
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres import tuning
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connection_budget import (
    HEAD_ROOM,
    OWNER_CONNECTIONS,
    SUPERUSER_RESERVED,
    connection_budget,
    neon_max_connections,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_check import declared_problems
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import Scope, SettingWanted
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import declared_value
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.tuning import Tuning, derive, memory_sum, settle
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.tuning_machine import (
    GB,
    MB,
    STORAGES,
    Machine,
    read_connections,
    read_machine,
)

CHECKOUT = pathlib.Path(__file__).resolve().parents[5]

MAJORS = st.sampled_from([14, 15, 16, 17, 18])
LEVELS = st.sampled_from(["moderate", "optimised"])
PROVIDERS = st.sampled_from(["neon", "self_hosted"])
MEMORY = st.one_of(st.integers(256 * MB, 1024 * GB), st.integers(256 * MB, 16 * GB), st.sampled_from([256 * MB, GB - 1, GB, GB + 1, 1024 * GB]))
CPUS = st.one_of(st.floats(0.25, 128), st.integers(1, 128))
CONNECTIONS = st.integers(1, 1000).map(lambda number: read_connections(number, "test"))
MACHINES = st.builds(Machine, MEMORY, CPUS, st.sampled_from(STORAGES), st.one_of(st.none(), st.integers(GB, 4096 * GB)))

#: What a larger machine or a higher level must not get less of.
GIVEN = (
    "work_mem", "hash_mem_multiplier", "maintenance_work_mem", "shared_buffers", "effective_cache_size", "wal_buffers", "max_wal_size",
    "min_wal_size", "max_parallel_workers", "max_parallel_workers_per_gather", "max_parallel_maintenance_workers", "max_worker_processes",
    "io_workers", "vacuum_cost_limit", "autovacuum_vacuum_cost_limit",
)  # fmt: skip


def every(found: Tuning) -> dict[str, t.Any]:
    assert not set(found.server) & set(found.database)
    return {**found.server, **found.database}


def amounts(found: Tuning, major: int) -> dict[str, float]:
    """Return the settings of which there is more or less, as numbers in their own units."""
    catalogue = snapshot_catalogue(major)
    settings = every(found)
    return {name: float(t.cast(str, declared_value(catalogue.find(name), settings[name]).canonical)) for name in GIVEN if name in settings}


@given(LEVELS, MACHINES, CONNECTIONS, MAJORS, PROVIDERS)
def test_a_server_takes_every_value_in_its_scope(level: str, machine: Machine, connections: int, major: int, provider: str) -> None:
    found = derive(level, machine, connections, major, provider)
    catalogue = snapshot_catalogue(major)
    wanted = [SettingWanted(name, Scope(), value) for name, value in found.server.items()]
    wanted += [SettingWanted(name, Scope("shop"), value) for name, value in found.database.items()]
    assert len(wanted) > 8
    assert declared_problems(catalogue, provider, wanted) == []
    for item in wanted:
        assert declared_value(catalogue.find(item.name), item.value).arguments
    if provider == "neon":
        assert not found.server
        # The owner is no superuser.
        assert {catalogue.find(name).context for name in found.database} == {"user"}


@given(LEVELS, MACHINES, CONNECTIONS, MAJORS, PROVIDERS)
def test_all_at_work_have_less_memory_than_there_is(level: str, machine: Machine, connections: int, major: int, provider: str) -> None:
    found = derive(level, machine, connections, major, provider)
    total = memory_sum(machine, connections, major, every(found))
    assert total.fits, total.words
    assert total.total < 0.92 * machine.memory
    # Counted again, without the code under test.
    each = amounts(found, major)
    sessions = (connections + each["max_parallel_workers"]) * each["work_mem"] * each["hash_mem_multiplier"] * 1024
    shared = (each["shared_buffers"] + each["wal_buffers"]) * 8192 if found.server else machine.memory // 4
    assert sessions + shared + 4 * each["maintenance_work_mem"] * 1024 <= total.total


@given(MACHINES, CONNECTIONS, MAJORS, PROVIDERS)
def test_optimised_never_gives_less_than_moderate(machine: Machine, connections: int, major: int, provider: str) -> None:
    moderate, optimised = (amounts(derive(level, machine, connections, major, provider), major) for level in ("moderate", "optimised"))
    assert set(moderate) <= set(optimised)
    assert {name: (value, optimised[name]) for name, value in moderate.items() if optimised[name] < value} == {}


@given(LEVELS, MACHINES, MEMORY, CPUS, CONNECTIONS, MAJORS, PROVIDERS)
def test_a_larger_machine_never_gets_less(
    level: str, machine: Machine, memory: int, cpus: float, connections: int, major: int, provider: str
) -> None:
    larger = Machine(max(machine.memory, memory), max(machine.cpus, cpus), machine.storage, machine.disk)
    small, large = (amounts(derive(level, each, connections, major, provider), major) for each in (machine, larger))
    assert {name: (value, large[name]) for name, value in small.items() if large[name] < value} == {}


@given(LEVELS, MACHINES, CONNECTIONS, MAJORS, PROVIDERS)
def test_the_traps_are_never_derived(level: str, machine: Machine, connections: int, major: int, provider: str) -> None:
    found = every(derive(level, machine, connections, major, provider))
    catalogue = snapshot_catalogue(major)
    assert [name for name in found if catalogue.find(name).is_list] == []
    assert not {name.lower() for name in found} & {
        "fsync", "full_page_writes", "synchronous_commit", "autovacuum", "wal_level", "statement_timeout", "lock_timeout", "transaction_timeout",
        "idle_session_timeout", "io_method", "autovacuum_max_workers",
    }  # fmt: skip
    assert None not in found.values() and "" not in found.values()


@given(LEVELS, MACHINES, CONNECTIONS, MAJORS)
def test_what_depends_on_each_other_fits_on_an_own_host(level: str, machine: Machine, connections: int, major: int) -> None:
    found = amounts(derive(level, machine, connections, major, "self_hosted"), major)
    assert found["max_parallel_workers_per_gather"] <= found["max_parallel_workers"] <= found["max_worker_processes"]
    # PostgreSQL asks for two segments of 16 MB at least.
    assert 32 <= found["min_wal_size"] <= found["max_wal_size"]
    if machine.disk is not None:
        assert found["max_wal_size"] * MB <= max(64 * MB, machine.disk / 10)
    slots = derive(level, machine, connections, major, "self_hosted").server["max_connections"]
    assert connection_budget(
        max_connections=slots,
        application=connections - OWNER_CONNECTIONS,
        owner=OWNER_CONNECTIONS,
        head_room=HEAD_ROOM,
        superuser_reserved=SUPERUSER_RESERVED,
    ).fits


@pytest.mark.parametrize("min_cu", COMPUTE_SIZES)
def test_neons_own_memory_is_what_the_sum_takes_it_for(min_cu: float) -> None:
    """Neon's formulas as its documentation has them: shared buffers stay below the quarter, and a level gives maintenance no less."""
    machine = read_machine({"memory": f"{min_cu}CU", "cpus": 8 * min_cu, "storage": "network"}, "test")
    slots = neon_max_connections(min_cu, 8 * min_cu)
    shared = max(128, (1023 + (1 + slots + 12 + int(16 * min_cu)) * 256) / 1024) * MB
    assert shared <= machine.memory / 4
    own = max(machine.memory * 1024 / 63_963_136, 65_536)
    for level in ("moderate", "optimised"):
        assert amounts(derive(level, machine, 31, 17, "neon"), 17)["maintenance_work_mem"] >= own


TABLE: list[tuple[str, dict[str, t.Any], t.Any, int, str, dict[str, t.Any]]] = [
    # What the two inventories get.
    ("moderate", {"memory": "0.25CU", "cpus": 1, "storage": "network"}, 21, 17, "neon",
     {"work_mem": "4MB", "hash_mem_multiplier": 2, "maintenance_work_mem": "64MB", "max_parallel_workers": 0,
      "max_parallel_workers_per_gather": 0, "max_parallel_maintenance_workers": 0, "jit": "off", "random_page_cost": 1.1,
      "vacuum_cost_limit": 400, "idle_in_transaction_session_timeout": "5min"}),
    ("optimised", {"memory": "0.5CU", "cpus": 2, "storage": "network"}, 26, 17, "neon",
     {"work_mem": "5MB", "hash_mem_multiplier": 2, "maintenance_work_mem": "128MB", "max_parallel_workers": 2,
      "max_parallel_workers_per_gather": 1, "max_parallel_maintenance_workers": 1, "jit": "off", "random_page_cost": 1.1,
      "default_statistics_target": 200, "vacuum_cost_limit": 1000, "idle_in_transaction_session_timeout": "5min"}),
    ("optimised", {"memory": "16GB", "cpus": 4, "disk": "100GB"}, 40, 18, "self_hosted",
     {"shared_buffers": "4GB", "effective_cache_size": "12GB", "maintenance_work_mem": "1GB", "work_mem": "30MB", "wal_buffers": "64MB",
      "max_wal_size": "4GB", "min_wal_size": "1GB", "max_connections": 53, "max_worker_processes": 12, "effective_io_concurrency": 64,
      "io_workers": 3, "wal_compression": "on", "checkpoint_timeout": "15min", "huge_pages": "try"}),
    ("moderate", {"memory": "16GB", "cpus": 4, "storage": "hdd"}, 40, 14, "self_hosted",
     {"shared_buffers": "2GB", "effective_cache_size": "8GB", "maintenance_work_mem": "512MB", "work_mem": "15MB", "wal_buffers": "16MB",
      "max_wal_size": "1GB", "random_page_cost": None, "effective_io_concurrency": 2, "io_workers": None, "wal_compression": None,
      "autovacuum_vacuum_cost_limit": 200}),
    # A small disk bounds the log, and many sessions on little memory get what is left of it.
    ("optimised", {"memory": "4GB", "cpus": 2, "disk": "5GB"}, 100, 17, "self_hosted", {"max_wal_size": "512MB", "min_wal_size": "128MB"}),
    ("optimised", {"memory": "1GB", "cpus": 2}, 295, 17, "self_hosted", {"work_mem": "448kB", "hash_mem_multiplier": 2}),
    ("optimised", {"memory": "256MB", "cpus": 1}, 1000, 17, "self_hosted", {"work_mem": "64kB", "hash_mem_multiplier": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("level", "compute", "connections", "major", "provider", "expected"), TABLE)
def test_by_table(level: str, compute: dict[str, t.Any], connections: t.Any, major: int, provider: str, expected: dict[str, t.Any]) -> None:
    machine = read_machine(compute, "test")
    found = every(derive(level, machine, read_connections(connections, "test"), major, provider))
    assert {name: found.get(name) for name in expected} == expected
    if provider == "neon":
        assert set(found) == set(expected)


def test_every_derived_setting_stands_in_the_roles_readme() -> None:
    readme = (CHECKOUT / "roles" / "db_settings" / "README.md").read_text()
    rows = {name for line in readme.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    found: set[str] = set()
    for storage in STORAGES:
        for major in (17, 18):
            for provider in tuning.PROVIDERS:
                found |= set(every(derive("optimised", Machine(16 * GB, 8, storage), 40, major, provider)))
    assert rows == found


def test_a_machine_too_small_for_its_sessions_is_refused_with_the_sum() -> None:
    with pytest.raises(InputError, match=r"256 MB of memory are too little for 2000 sessions at once.*35 kB each.*no less than 64 kB"):
        derive("moderate", Machine(256 * MB, 1), 2000, 17, "self_hosted")


def test_none_derives_nothing() -> None:
    assert derive("none", Machine(GB, 1), 1, 17, "neon") == Tuning()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fast", 17, "neon"), "'fast' is no level.*none, moderate, optimised"),
        (("moderate", 13, "neon"), "PostgreSQL 13 is not supported"),
        (("moderate", 17, "supabase"), "'supabase' is no provider.*neon, self_hosted"),
    ],
)
def test_what_is_not_known_is_refused(arguments: tuple[str, int, str], words: str) -> None:
    level, major, provider = arguments
    with pytest.raises(InputError, match=words):
        derive(level, Machine(GB, 1), 1, major, provider)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * GB),
        ("4 GB", 4 * GB),
        ("0.5GB", 512 * MB),
        ("0.25CU", GB),
        ("2 CU", 8 * GB),
        (2 * GB, 2 * GB),
        ("1073741824", GB),
        ("512MB", 512 * MB),
    ],
)
def test_memory_is_read(text: t.Any, size: int) -> None:
    assert read_machine({"memory": text, "cpus": 1}, "test").memory == size


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        ({}, "the memory is not declared"),
        ({"memory": "4GB"}, "the number of CPUs is not declared"),
        ({"memory": "4gb", "cpus": 1}, "did you mean GB"),
        ({"memory": "much", "cpus": 1}, "'much' is no size.*not a number"),
        ({"memory": True, "cpus": 1}, "True is no size"),
        ({"memory": "-4GB", "cpus": 1}, "'-4GB' is no size"),
        ({"memory": 4, "cpus": 1}, "4 is less than 128MB.*without a unit is bytes"),
        ({"memory": "4GB", "cpus": 0}, "0 is no number of CPUs"),
        ({"memory": "4GB", "cpus": "many"}, "'many' is no number of CPUs"),
        ({"memory": "4GB", "cpus": True}, "True is no number of CPUs"),
        ({"memory": "4GB", "cpus": "inf"}, "'inf' is no number of CPUs"),
        ({"memory": "4GB", "cpus": 1, "storage": "tape"}, "'tape' is no kind of storage.*ssd, hdd, network"),
        ({"memory": "4GB", "cpus": 1, "disk": "large"}, "test, disk: 'large' is no size"),
        ({"memory": "4GB", "cpu": 1}, "cpu says nothing about a machine"),
    ],
)
def test_a_machine_that_is_none_is_refused(compute: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_machine(compute, "test")


ROLES = [
    {"name": "app", "privileges": "application", "connection_limit": 20},
    {"name": "reader", "privileges": "readonly", "connection_limit": 3},
    {"name": "job", "connection_limit": 2},
    {"name": "unlimited", "privileges": "monitoring", "connection_limit": -1},
    {"name": "unsaid", "privileges": "none"},
    "no role at all",
]


@pytest.mark.parametrize(
    ("declared", "total"),
    [(20, 25), ("20", 25), ({"application": 20}, 25), ({"application": 20, "roles": ROLES}, 30), ({"application": 20, "roles": "x"}, 25)],
)
def test_sessions_at_once_are_the_pool_the_limits_of_others_and_the_owners(declared: t.Any, total: int) -> None:
    assert read_connections(declared, "test") == total


@pytest.mark.parametrize("declared", [None, 0, -1, True, "many", {}, {"application": 0}, 262_000])
def test_a_number_of_connections_that_is_none_is_refused(declared: t.Any) -> None:
    with pytest.raises(InputError, match="connections"):
        read_connections(declared, "test")


def test_what_is_declared_goes_before_what_is_derived() -> None:
    derived = Tuning({"shared_buffers": "1GB", "jit": "off"}, {"work_mem": "4MB", "random_page_cost": 1.1})
    assert settle(derived, {"Shared_Buffers": "2GB", "jit": None}, {"WORK_MEM": None, "lock_timeout": "5s", "statement_timeout": None}) == {
        "server": {"Shared_Buffers": "2GB"},
        # A null that leaves nothing out stays: that it has no value is for the check of declared settings to say.
        "database": {"random_page_cost": 1.1, "lock_timeout": "5s", "statement_timeout": None},
        "derived": {"server": [], "database": ["random_page_cost"]},
    }


def test_what_is_declared_for_the_whole_server_goes_before_what_is_derived_for_the_database() -> None:
    """The database's value would be in force otherwise, whatever the operator has written down for the server."""
    derived = Tuning({}, {"work_mem": "13MB", "jit": "off", "random_page_cost": 1.1})
    assert settle(derived, {"WORK_MEM": "64MB", "jit": "on"}, {}) == {
        "server": {"WORK_MEM": "64MB", "jit": "on"},
        "database": {"random_page_cost": 1.1},
        "derived": {"server": [], "database": ["random_page_cost"]},
    }


@given(st.integers(1, 64), CONNECTIONS)
def test_a_sum_that_does_not_fit_is_seen(gigabytes: int, connections: int) -> None:
    assume(connections > 8)
    machine = Machine(gigabytes * GB, 4)
    assert not memory_sum(machine, connections, 17, {"work_mem": f"{gigabytes * 128}MB"}).fits
