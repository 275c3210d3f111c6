# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic of a server's connection slots. Pure: no server, no Ansible.

``max_connections`` is not what an application may hold. The server keeps ``superuser_reserved_connections`` back, and read-only users,
monitoring and migrations need slots of their own. A :class:`Budget` sets one against the other and says the result in words.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._core.errors import InputError
from .._neon.compute_sizes import COMPUTE_SIZES

#: What Neon keeps back on every compute, and the bounds and slope of its ``max_connections`` (Neon documentation, "Connection limits",
#: state of November 2026). ``SHOW max_connections`` on the server is the truth; the formula serves before there is a server.
NEON_SUPERUSER_RESERVED = 7
NEON_CONNECTIONS_PER_CU = 419.66
NEON_MIN_CONNECTIONS = 100
NEON_MAX_CONNECTIONS = 4000
#: Migrations, this collection's own sessions (one for the lock, one at work) and a person who looks.
OWNER_CONNECTIONS = 5
#: For sessions that are ending while their successors begin.
HEAD_ROOM = 5
#: PostgreSQL's own ``superuser_reserved_connections``, which own hosts have unless somebody changes it.
SUPERUSER_RESERVED = 3


@dataclasses.dataclass(frozen=True)
class BudgetRow:
    """One line of the budget.

    :param subject: who holds the connections, for people.
    :param connections: how many slots.
    :param reserved: true for slots that the server keeps back and no ordinary role can take.
    """

    subject: str
    connections: int
    reserved: bool = False


@dataclasses.dataclass(frozen=True)
class Budget:
    """A server's slots set against what is to use them.

    :param max_connections: all slots of the server.
    :param rows: the demands, reserved ones last.
    :param verdict: one sentence for people.
    :param remedy: what to do when it does not fit, else None.
    """

    max_connections: int
    rows: tuple[BudgetRow, ...]
    verdict: str
    remedy: str | None

    @property
    def reserved(self) -> int:
        """Slots that the server keeps back."""
        return sum(row.connections for row in self.rows if row.reserved)

    @property
    def usable(self) -> int:
        """Slots that ordinary roles share."""
        return self.max_connections - self.reserved

    @property
    def needed(self) -> int:
        """All slots that the rows ask for, reserved ones included."""
        return sum(row.connections for row in self.rows)

    @property
    def free(self) -> int:
        """Slots that are left; negative when the budget does not fit."""
        return self.max_connections - self.needed

    @property
    def fits(self) -> bool:
        """Whether every row can be filled at the same time."""
        return self.free >= 0

    def as_dict(self) -> dict[str, t.Any]:
        """Return the budget as plain values for a task's result."""
        return {
            "max_connections": self.max_connections,
            "reserved": self.reserved,
            "usable": self.usable,
            "needed": self.needed,
            "free": self.free,
            "fits": self.fits,
            "rows": [dataclasses.asdict(row) for row in self.rows],
            "verdict": self.verdict,
            "remedy": self.remedy,
        }


def neon_max_connections(min_cu: float, max_cu: float) -> int:
    """Return the ``max_connections`` of a Neon compute that scales between two sizes.

    It follows from ``min(max_cu, 8 * min_cu)`` and stays the same while the compute scales.

    :param min_cu: lower bound of the autoscaling in compute units.
    :param max_cu: upper bound of the autoscaling in compute units.
    :raises InputError: if a bound is not positive or the lower one is above the upper one.
    """
    if not (math.isfinite(min_cu) and math.isfinite(max_cu)) or min_cu <= 0:
        raise InputError(
            f"a compute cannot scale from {min_cu:g} to {max_cu:g} CU", why="a compute size is a positive number", remedy="Use 0.25 or more"
        )
    if min_cu > max_cu:
        raise InputError(
            f"a compute cannot scale from {min_cu:g} to {max_cu:g} CU",
            why="the minimum is above the maximum",
            remedy="Lower the minimum or raise the maximum",
        )
    size = min(max_cu, 8 * min_cu)
    return max(NEON_MIN_CONNECTIONS, min(NEON_MAX_CONNECTIONS, math.floor(size * NEON_CONNECTIONS_PER_CU)))


def smallest_neon_compute(connections: int) -> float | None:
    """Return the smallest fixed compute size (in CU) with at least that many ``max_connections``, or None if Neon has none."""
    for size in COMPUTE_SIZES:
        if neon_max_connections(size, size) >= connections:
            return size
    return None


def connection_budget(
    *,
    max_connections: int,
    application: int,
    readonly: int = 0,
    monitoring: int = 0,
    owner: int = 0,
    head_room: int = 0,
    superuser_reserved: int,
    provider: str = "self_hosted",
) -> Budget:
    """Set the declared users of a server against its slots.

    All numbers are connections.

    :param max_connections: of the server: read from it, declared for it, or :func:`neon_max_connections`.
    :param application: upper bound of the application's pool.
    :param readonly: what read-only roles may hold together.
    :param monitoring: what monitoring roles may hold together.
    :param owner: migrations, backups, credential rotation and this collection's own sessions.
    :param head_room: slots that shall stay free.
    :param superuser_reserved: the server's ``superuser_reserved_connections``.
    :param provider: ``neon``, ``supabase`` or ``self_hosted``; it only decides what the remedy is.
    :raises InputError: for a negative number, or a server without any slot.
    """
    rows = (
        BudgetRow("application pool", application),
        BudgetRow("read-only roles", readonly),
        BudgetRow("monitoring", monitoring),
        BudgetRow("owner and migrations", owner),
        BudgetRow("head room", head_room),
        BudgetRow("kept back for superusers", superuser_reserved, reserved=True),
    )
    for row in rows:
        if row.connections < 0:
            raise InputError(f"{row.connections} connections for {row.subject} is not possible", remedy="Use 0 or more")
    if max_connections < 1:
        raise InputError(f"max_connections {max_connections} is not possible", remedy="Use 1 or more")
    kept = tuple(row for row in rows if row.connections)
    needed = sum(row.connections for row in kept)
    spelled = " + ".join(f"{row.connections} {row.subject}" for row in kept) or "nothing"
    if needed <= max_connections:
        verdict = f"{spelled} = {needed} of {max_connections} connections; {max_connections - needed} stay free"
        return Budget(max_connections, kept, verdict, None)
    verdict = f"{spelled} = {needed} connections, but the server has {max_connections}: {needed - max_connections} too many"
    return Budget(max_connections, kept, verdict, _remedy(provider, needed))


def _remedy(provider: str, needed: int) -> str:
    if provider != "neon":
        return f"Raise max_connections to at least {needed}, or let fewer connections be held"
    size = smallest_neon_compute(needed)
    if size is None:
        return f"No Neon compute has {needed} connections: let fewer be held"
    lower = next(candidate for candidate in COMPUTE_SIZES if candidate * 8 >= size)
    return (
        f"Neon derives max_connections from the compute: declare a maximum of at least {size:g} CU with a minimum of at least {lower:g} CU, "
        "or let fewer connections be held"
    )
