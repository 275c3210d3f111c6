# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the settings level: what it derives, and whether the memory lasts. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError
from .._postgres.settings_snapshot import SERVERS
from .._postgres.tuning import MemorySum, Tuning, derive, memory_sum, settle
from .._postgres.tuning_machine import Machine, read_connections, read_machine
from .findings import Finding, finding
from .neon_rules import compute_units_known

Values = t.Mapping[str, t.Any]

LEVEL = "db_settings_level"
OF_SERVER, OF_DATABASE = "db_settings_server", "db_settings_database"


def settled(values: Values) -> dict[str, t.Any]:
    """Return what is to be set by scope, and under ``derived`` which names come from the level. See :func:`settle`."""
    try:
        tuning = _derived(values)
    except InputError:
        # That is the finding of :func:`level`.
        tuning = Tuning()
    return settle(tuning, _mapping(values, OF_SERVER), _mapping(values, OF_DATABASE))


def level(values: Values) -> t.Iterator[Finding]:
    """The level must follow from the machine and the connections."""
    try:
        _derived(values)
    except InputError as error:
        reason = f"{error.what}: {error.why}" if error.why else error.what
        yield finding(values, LEVEL, reason, error.remedy or "Correct it")


def memory(values: Values) -> t.Iterator[Finding]:
    """What is declared instead of a derived setting may take more memory than there is. It is meant, so it is a warning."""
    total = _memory(values)
    if total is not None and not total.fits:
        yield finding(values, OF_DATABASE, f"all sessions at once would take more memory than there is: {total.words}", "Lower it", warning=True)


def arithmetic(values: Values) -> dict[str, t.Any]:
    """Return what the level derives, and the sum of the memory, as data and as sentences."""
    total = _memory(values)
    if total is None:
        return {"derived_settings": None, "settings_arithmetic": []}
    every = settled(values)
    derived = {scope: {name: every[scope][name] for name in every["derived"][scope]} for scope in ("server", "database")}
    sentences = [
        f"The level {values[LEVEL]} derives {len(settings)} settings of the {scope}: {', '.join(f'{name} = {value}' for name, value in settings.items())}."
        for scope, settings in derived.items()
        if settings
    ]
    return {"derived_settings": derived, "settings_arithmetic": [*sentences, f"Memory, if all work at once: {total.words}."]}


def _mapping(values: Values, name: str) -> dict[t.Any, t.Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _machine(values: Values) -> tuple[Machine, int, int, str] | None:
    """Return what a level derives from; None without a level, and where something is missing or wrong that is said elsewhere."""
    provider, major = values.get("db_provider"), values.get("neon_pg_version")
    if values.get(LEVEL, "none") == "none" or provider != "neon" or major not in SERVERS or not compute_units_known(values):
        return None
    pool = values.get("db_pool_max")
    if pool is None or pool < 1 or "db_settings_connections" not in values or "db_settings_compute" not in values:
        return None
    compute = {name: value for name, value in values["db_settings_compute"].items() if value is not None}
    return (
        read_machine(compute, "db_settings_compute"),
        read_connections(values["db_settings_connections"], "db_settings_connections"),
        major,
        provider,
    )


def _derived(values: Values) -> Tuning:
    known = _machine(values)
    return derive(values[LEVEL], *known) if known else Tuning()


def _memory(values: Values) -> MemorySum | None:
    try:
        known = _machine(values)
        if known is None or not _derived(values).database:
            return None
    except InputError:
        return None
    machine, connections, major, _provider = known
    every = settled(values)
    in_force = {str(name).lower(): value for scope in ("server", "database") for name, value in every[scope].items() if value is not None}
    return memory_sum(machine, connections, major, in_force)


RULES = (level, memory)
