# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings levels: what follows from a machine and from the sessions that may work on it at once. Pure.

Every formula stands in a table of roles/db_settings/README.md with its reason and source. Three rules hold for all of them: the memory that
they give away together is less than the machine has; ``optimised`` never gives less than ``moderate``; a larger machine never gets less.

What is never derived: anything that trades safety for speed (``fsync``, ``synchronous_commit`` and their kin), lists (an empty
``shared_preload_libraries`` keeps a server from starting), and time limits that end somebody's work (``statement_timeout``).
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._core.errors import InputError
from .connection_budget import HEAD_ROOM, SUPERUSER_RESERVED
from .setting_catalogue import snapshot_catalogue
from .setting_number import parse_integer, parse_real
from .setting_value import BadValueError, declared_value
from .tuning_machine import GB, MB, Machine, readable

LEVELS = ("none", "moderate", "optimised")
#: Providers of which the level knows what may be set where.
PROVIDERS = ("neon", "self_hosted")

#: ``autovacuum_max_workers`` on a new server and on Neon. It is left alone: more workers share the same cost limit, and each takes memory.
AUTOVACUUM_WORKERS = 3
#: What is left for other background workers beside the parallel ones: ``max_worker_processes`` on a new server.
OTHER_WORKERS = 8
#: The smallest ``work_mem`` that PostgreSQL takes, and the one of a new server, which no level goes below while the memory lasts.
SMALLEST_WORK_MEM = 64 * 1024
USUAL_WORK_MEM = 4 * MB
HASH_MEM_MULTIPLIER = 2

Settings = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class _Level:
    """What makes a level: shares of the memory and of the CPUs, and bounds."""

    shared_buffers: float
    cache: float
    maintenance: float
    maintenance_most: int
    sessions: float
    work_mem_most: int
    wal_buffers_most: int
    checkpoint_timeout: str
    wal_most: int
    cpus_of_a_query: float
    workers_of_a_query: int
    cpus_of_all: float
    vacuum_cost_limit: int
    vacuum_scale_factor: float
    analyze_scale_factor: float


_LEVELS = {
    "moderate": _Level(1 / 8, 1 / 2, 1 / 32, 4 * GB, 1 / 8, 256 * MB, 16 * MB, "10min", 4 * GB, 1 / 4, 2, 1 / 2, 400, 0.1, 0.05),
    "optimised": _Level(1 / 4, 3 / 4, 1 / 16, 8 * GB, 1 / 4, GB, 64 * MB, "15min", 16 * GB, 1 / 2, 4, 1, 1000, 0.05, 0.02),
}

# The most that any level takes, which the sessions' share of the memory is calculated against on every level: what is left after a quarter
# for shared memory and a quarter for maintenance, with a tenth for everything else on the machine.
_SESSIONS_MOST = 2 / 5


@dataclasses.dataclass(frozen=True)
class MemorySum:
    """The memory that a server may use at once, in bytes.

    :param shared: shared buffers and WAL buffers; on Neon, which derives them itself, the quarter that they stay below.
    :param maintenance: autovacuum's workers and one more, all of them at work.
    :param sessions: every session and every parallel worker, with one operation each that takes all it may.
    :param processes: how many sessions and parallel workers these are.
    """

    memory: int
    shared: int
    maintenance: int
    sessions: int
    processes: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.shared + self.maintenance + self.sessions

    @property
    def fits(self) -> bool:
        """Whether the machine has more."""
        return self.total < self.memory

    @property
    def words(self) -> str:
        """The sum as a sentence without a full stop."""
        parts = (
            f"{_rough(self.shared)} shared",
            f"{_rough(self.maintenance)} for {AUTOVACUUM_WORKERS + 1} maintenance workers",
            f"{_rough(self.sessions)} for {self.processes} sessions and parallel workers",
        )
        return f"{' + '.join(parts)} = {_rough(self.total)} of {_rough(self.memory)}"


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What a level derives.

    :param server: settings of the whole server, by name; empty where the provider has no ALTER SYSTEM.
    :param database: settings of the database.
    """

    server: Settings = dataclasses.field(default_factory=dict)
    database: Settings = dataclasses.field(default_factory=dict)


def derive(level: str, machine: Machine, connections: int, major: int, provider: str) -> Tuning:
    """Return the settings of a level.

    :param level: one of :data:`LEVELS`; ``none`` derives nothing.
    :param connections: sessions that may work at once, those of the owner included.
    :param major: the server's major version.
    :param provider: one of :data:`PROVIDERS`.
    :raises InputError: for what is not one of these, and if the machine is too small for that many sessions.
    """
    _known(level, "level", LEVELS)
    if level == "none":
        return Tuning()
    _known(provider, "provider", PROVIDERS)
    snapshot_catalogue(major)
    sizes = _LEVELS[level]
    session = {
        **_session_memory(sizes, machine, connections),
        **_parallel(sizes, machine, connections),
        **_planner(level, machine),
    }
    database = {"idle_in_transaction_session_timeout": "5min"}
    if provider == "neon":
        # autovacuum_vacuum_cost_limit belongs to the server; where it is -1, as on Neon, autovacuum takes this one, which a database may have.
        return Tuning({}, {**session, "vacuum_cost_limit": _cost_limit(sizes, machine), **database})
    return Tuning({**session, **_server(level, sizes, machine, connections, major)}, database)


def memory_sum(machine: Machine, connections: int, major: int, settings: t.Mapping[str, t.Any]) -> MemorySum:
    """Return the memory that a server may use at once.

    :param settings: what is in force, by lower-case name. A value that is missing or cannot be read counts as a new server's own; without
        ``shared_buffers`` a quarter of the memory counts as shared.
    """
    catalogue = snapshot_catalogue(major)

    def number(name: str) -> float:
        parameter = catalogue.find(name)
        own = parameter.boot_val or "0"
        try:
            text = declared_value(parameter, settings.get(name, own)).text
        except BadValueError:
            text = own
        # In its own unit, and from there in bytes where it has one.
        if parameter.vartype == "real":
            return float(parse_real(text, parameter.unit))
        value = parse_integer(text, parameter.unit)
        return value * int(parse_real(f"1{parameter.unit}", "B")) if parameter.unit in ("kB", "MB") else value * 8192 if parameter.unit else value

    shared = int(number("shared_buffers") + max(0, number("wal_buffers"))) if "shared_buffers" in settings else machine.memory // 4
    processes = _processes(connections)
    sessions = int(processes * number("work_mem") * max(1.0, number("hash_mem_multiplier")))
    return MemorySum(machine.memory, shared, int((AUTOVACUUM_WORKERS + 1) * number("maintenance_work_mem")), sessions, processes)


def settle(derived: Tuning, server: t.Mapping[str, t.Any], database: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is to be set by scope: what is declared goes before what is derived, and a declared null leaves a derived setting out.

    A declaration for the whole server goes before what is derived for the database as well, which would win on the server.

    :returns: ``server`` and ``database``, and under ``derived`` for each of them the names that come from the level.
    """
    merged: dict[str, t.Any] = {"derived": {}}
    for scope, own, declared in (("server", derived.server, server), ("database", derived.database, database)):
        # PostgreSQL does not tell upper and lower case of a name apart.
        spoken_of = {str(name).lower() for name in (*declared, *server)}
        kept = {name: value for name, value in own.items() if name not in spoken_of}
        left_out = {name for name in declared if declared[name] is None and str(name).lower() in own}
        merged[scope] = {**kept, **{name: value for name, value in declared.items() if name not in left_out}}
        merged["derived"][scope] = list(kept)
    return merged


def _known(value: t.Any, what: str, choices: t.Sequence[str]) -> None:
    if value not in choices:
        raise InputError(f"{value!r} is no {what} of settings that can be derived", remedy=f"Use one of {', '.join(choices)}")


def _rough(size: int) -> str:
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / MB:.0f} MB"


def _whole(size: float) -> int:
    """Return a size rounded down to what people would write: whole MB, below that multiples of 64 kB."""
    step = MB if size >= MB else SMALLEST_WORK_MEM
    return int(size // step) * step


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(value, high))


def _processes(connections: int) -> int:
    """Return how many sessions and parallel workers use work_mem: there are at most half as many workers as sessions, see _workers."""
    return connections + connections // 2


def _session_memory(sizes: _Level, machine: Machine, connections: int) -> Settings:
    memory, multiplier = machine.memory, HASH_MEM_MULTIPLIER
    most = memory * _SESSIONS_MOST / (_processes(connections) * multiplier)
    if most < SMALLEST_WORK_MEM:
        multiplier, most = 1, memory * _SESSIONS_MOST / _processes(connections)
        if most < SMALLEST_WORK_MEM:
            raise InputError(
                f"{_rough(memory)} of memory are too little for {connections} sessions at once",
                why=f"they and their parallel workers would have {most / 1024:.0f} kB each, and PostgreSQL takes no less than 64 kB",
                remedy="Let fewer connections be held, or declare a larger machine",
            )
        # As little as there is: with the larger multiplier, one byte more of memory would halve it.
        most = SMALLEST_WORK_MEM
    share = memory * sizes.sessions / (_processes(connections) * multiplier)
    work_mem = _clamp(share, min(USUAL_WORK_MEM, most), min(sizes.work_mem_most, most))
    maintenance = _clamp(memory * sizes.maintenance, min(64 * MB, memory / 16), sizes.maintenance_most)
    return {
        "work_mem": readable(_whole(work_mem)),
        "hash_mem_multiplier": multiplier,
        "maintenance_work_mem": readable(_whole(maintenance)),
    }


def _workers(sizes: _Level, machine: Machine, connections: int) -> int:
    """Return how many parallel workers there may be at once: CPUs give them time, and half the sessions' number leaves them memory."""
    return min(math.floor(machine.cpus * sizes.cpus_of_all), connections // 2, 1024)


def _parallel(sizes: _Level, machine: Machine, connections: int) -> Settings:
    workers = _workers(sizes, machine, connections)
    of_a_query = min(math.floor(machine.cpus * sizes.cpus_of_a_query), sizes.workers_of_a_query, workers)
    return {"max_parallel_workers": workers, "max_parallel_workers_per_gather": of_a_query, "max_parallel_maintenance_workers": of_a_query}


def _planner(level: str, machine: Machine) -> Settings:
    settings: Settings = {"jit": "off"}
    if machine.storage != "hdd":
        settings["random_page_cost"] = 1.1
    if level == "optimised":
        settings["default_statistics_target"] = 200
    return settings


def _cost_limit(sizes: _Level, machine: Machine) -> int:
    """Return autovacuum's cost limit; a disk that turns gets half of it, but not less than a new server's 200."""
    return max(200, sizes.vacuum_cost_limit // 2) if machine.storage == "hdd" else sizes.vacuum_cost_limit


def _server(level: str, sizes: _Level, machine: Machine, connections: int, major: int) -> Settings:
    """Return what belongs to a whole server of one's own."""
    # Less than 1 GB has to hold the operating system first.
    shared = _whole(machine.memory * sizes.shared_buffers / (1 if machine.memory >= GB else 2))
    settings: Settings = {
        "max_connections": connections + HEAD_ROOM + SUPERUSER_RESERVED,
        "shared_buffers": readable(shared),
        "huge_pages": "try",
        "effective_cache_size": readable(_whole(machine.memory * sizes.cache)),
        "max_worker_processes": OTHER_WORKERS + _workers(sizes, machine, connections),
        "wal_buffers": readable(_whole(min(shared / 32, sizes.wal_buffers_most))),
        **_checkpoints(sizes, machine, shared),
        "autovacuum_vacuum_cost_limit": _cost_limit(sizes, machine),
        "autovacuum_vacuum_scale_factor": sizes.vacuum_scale_factor,
        "autovacuum_vacuum_insert_scale_factor": sizes.vacuum_scale_factor,
        "autovacuum_analyze_scale_factor": sizes.analyze_scale_factor,
        **_io(machine, major),
    }
    if level == "optimised":
        settings["wal_compression"] = "on"
        if major >= 18:
            settings["io_workers"] = int(_clamp(machine.cpus // 4, 3, 32))
    return settings


def _checkpoints(sizes: _Level, machine: Machine, shared: int) -> Settings:
    wal = _clamp(shared / 2 if machine.storage == "hdd" else shared, GB, sizes.wal_most)
    if machine.disk is not None:
        # Two segments of 16 MB are the least that PostgreSQL takes, four leave it something to choose.
        wal = max(64 * MB, min(wal, machine.disk / 10))
    wal = _whole(wal)
    return {
        "checkpoint_timeout": sizes.checkpoint_timeout,
        "checkpoint_completion_target": 0.9,
        "max_wal_size": readable(wal),
        "min_wal_size": readable(max(32 * MB, _whole(wal / 4))),
    }


def _io(machine: Machine, major: int) -> Settings:
    """Return the requests that may be under way at once. Neon's own values fit its storage, so there they are left alone.

    Before 18 they count bitmap scans only; from 18 on every scan asks ahead and 16 is the default, so less is enough. A disk that turns has
    one arm.
    """
    if machine.storage == "hdd":
        return {"effective_io_concurrency": 2} if major < 18 else {}
    requests = 64 if major >= 18 else 200 if machine.storage == "ssd" else 100
    return {"effective_io_concurrency": requests, "maintenance_io_concurrency": requests}
