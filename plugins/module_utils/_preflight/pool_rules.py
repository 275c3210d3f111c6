# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the pool, and the connection arithmetic. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .._postgres.connection_budget import (
    HEAD_ROOM,
    NEON_SUPERUSER_RESERVED,
    OWNER_CONNECTIONS,
    Budget,
    BudgetRow,
    connection_budget,
    neon_max_connections,
)
from .access_rules import application_limits, declared_roles, limit_of
from .findings import Finding, finding
from .neon_rules import compute_units_known

Values = t.Mapping[str, t.Any]


def pool(values: Values) -> t.Iterator[Finding]:
    """The pool's bounds must make sense."""
    small, large = values.get("db_pool_min"), values.get("db_pool_max")
    if large is not None and large < 1:
        yield finding(values, "db_pool_max", "the application could not connect at all", "Declare at least 1")
        return
    if small is not None and small < 0:
        yield finding(values, "db_pool_min", "a number of connections cannot be negative", "Declare 0 or more")
    elif small is not None and large is not None and small > large:
        yield finding(
            values, "db_pool_min", f"the pool's minimum is above its maximum (db_pool_max = {large})", "Lower the minimum or raise the maximum"
        )


def budget(values: Values) -> Budget | None:
    """Set what is declared against the connections of the declared compute; None if too little is (rightly) declared for that."""
    application = values.get("db_pool_max")
    if application is None or application < 1 or not compute_units_known(values):
        return None
    others = _held_by(values, "none")
    try:
        sums = connection_budget(
            max_connections=neon_max_connections(values["neon_compute_min_cu"], values["neon_compute_max_cu"]),
            application=application + others,
            readonly=_held_by(values, "readonly"),
            monitoring=_held_by(values, "monitoring"),
            owner=OWNER_CONNECTIONS,
            head_room=HEAD_ROOM,
            superuser_reserved=NEON_SUPERUSER_RESERVED,
            provider="neon",
        )
    except InputError:
        # What is wrong with a number is the finding of the rule for that number.
        return None
    return _with_others(sums, application, others) if others else sums


def _with_others(sums: Budget, application: int, others: int) -> Budget:
    """Give the roles without privileges, which were added to the application's sum, a row of their own."""
    counted, *rest = sums.rows
    own, other = BudgetRow(counted.subject, application), BudgetRow("other roles", others)
    together = f"{counted.connections} {counted.subject}"
    apart = f"{own.connections} {own.subject} + {other.connections} {other.subject}"
    return dataclasses.replace(sums, rows=(own, other, *rest), verdict=apart + sums.verdict.removeprefix(together))


def _held_by(values: Values, privileges: str) -> int:
    return sum(limit_of(role) or 0 for role in declared_roles(values) if role.get("privileges") == privileges)


def fits(values: Values) -> t.Iterator[Finding]:
    """All declared users must get their connections at the same time."""
    sums = budget(values)
    if sums is not None and not sums.fits:
        cu = f"{values['neon_compute_min_cu']:g} to {values['neon_compute_max_cu']:g} CU (neon_compute_min_cu, neon_compute_max_cu)"
        yield finding(values, "db_pool_max", f"a compute of {cu} is too small for it: {sums.verdict}", sums.remedy or "Declare a smaller pool")


def arithmetic(values: Values) -> dict[str, t.Any]:
    """Return the connection arithmetic as rows and as sentences."""
    sums = budget(values)
    if sums is None:
        return {"connections": None, "connection_arithmetic": []}
    sentences = [
        f"A Neon compute of {values['neon_compute_min_cu']:g} to {values['neon_compute_max_cu']:g} CU has "
        f"{sums.max_connections} connections (max_connections), {sums.reserved} of them are kept back for superusers.",
        _application_sentence(values),
        *_minimum_sentence(values),
        f"{sums.verdict}.",
        *_unlimited_sentences(values),
    ]
    return {"connections": sums.as_dict(), "connection_arithmetic": sentences}


def _application_sentence(values: Values) -> str:
    pool = values["db_pool_max"]
    limited = application_limits(values)
    if not limited:
        return f"No application role with a connection limit is declared: nothing holds the application to the {pool} of db_pool_max."
    total = sum(limit for _name, limit in limited)
    roles = " + ".join(f"{name} {limit}" for name, limit in limited)
    return f"The connection limits of the application's roles let it hold {total} of them ({roles}), db_pool_max is {pool}."


def _minimum_sentence(values: Values) -> t.Iterator[str]:
    if (minimum := values.get("db_pool_min")) is not None and minimum > 0:
        yield f"The minimum of {minimum} (db_pool_min) is not kept open on Neon: its pooler opens connections on demand."


def _unlimited_sentences(values: Values) -> t.Iterator[str]:
    """Whoever has no limit may hold more than was counted, so the sum alone would promise too much."""
    if unlimited := [role["name"] for role in declared_roles(values) if limit_of(role) is None]:
        yield f"Not counted, because they have no connection limit and can take all that stay free: {', '.join(unlimited)}."
    yield f"The owner has no connection limit: the {OWNER_CONNECTIONS} are what its sessions usually need."


RULES = (pool, fits)
