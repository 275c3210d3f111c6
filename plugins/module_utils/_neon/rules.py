# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small rules that several plans share. Pure functions."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ConfirmationError, InputError
from .compute_sizes import range_faults
from .records import Compute

# Neon: 0 means the default, and the default is 300 seconds.
_DEFAULT_SUSPEND: t.Final = 300
_SHORTEST_SUSPEND: t.Final = 60
_LONGEST_SUSPEND: t.Final = 604800
# Neon's API description of history_retention_seconds: minimum 0, maximum 2592000.
_LONGEST_HISTORY: t.Final = 2592000


def declared(**fields: t.Any) -> dict[str, t.Any]:
    """Return the fields that are said, that is not None."""
    return {key: value for key, value in fields.items() if value is not None}


def same_suspend(one: int | None, other: int | None) -> bool:
    """Tell whether two suspend timeouts mean the same; 0 and 300 do."""
    return (_DEFAULT_SUSPEND if one == 0 else one) == (_DEFAULT_SUSPEND if other == 0 else other)


def compute_differences(current: Compute, desired: Compute) -> dict[str, tuple[t.Any, t.Any]]:
    """Return what is declared and differs: field to (current, desired)."""
    differences: dict[str, tuple[t.Any, t.Any]] = {}
    for field in ("min_cu", "max_cu"):
        want, have = getattr(desired, field), getattr(current, field)
        if want is not None and want != have:
            differences[field] = (have, want)
    want_suspend = desired.suspend_timeout_seconds
    if want_suspend is not None and not same_suspend(want_suspend, current.suspend_timeout_seconds):
        differences["suspend_timeout_seconds"] = (current.suspend_timeout_seconds, want_suspend)
    return differences


def check_compute(compute: Compute, where: str) -> None:
    """Refuse sizes that Neon does not have, whatever the plan. Upper limits of a plan are left to Neon.

    :raises InputError: with the reason.
    """
    _refuse_sizes(compute.min_cu, compute.max_cu, where)
    suspend = compute.suspend_timeout_seconds
    if suspend is not None and suspend not in (-1, 0) and not _SHORTEST_SUSPEND <= suspend <= _LONGEST_SUSPEND:
        raise InputError(
            f"suspend_timeout_seconds is {suspend}",
            where=where,
            remedy=f"Use -1 (never), 0 (the provider's default) or {_SHORTEST_SUSPEND} to {_LONGEST_SUSPEND}",
        )


def check_open_end(current: Compute, desired: Compute, where: str) -> None:
    """Refuse a new end of the range of sizes that does not go with the present other end, if that one is not declared.

    Where the new end passes the other one, that would be changed as well; where the range becomes too wide, Neon refuses it.

    :param current: the sizes of what exists.
    :param where: the option that holds both, as the user knows it.
    :raises InputError: naming both.
    """
    low, high = desired.min_cu, desired.max_cu
    if low is not None and high is None and current.max_cu is not None and low > current.max_cu:
        raise InputError(
            f"min_cu is {low:g}, above the present max_cu {current.max_cu:g}, which is not declared",
            where=where,
            why="What is not declared is not changed",
            remedy=f"Declare max_cu as well ({low:g} or more), or lower min_cu",
        )
    if high is not None and low is None and current.min_cu is not None and high < current.min_cu:
        raise InputError(
            f"max_cu is {high:g}, below the present min_cu {current.min_cu:g}, which is not declared",
            where=where,
            why="What is not declared is not changed",
            remedy=f"Declare min_cu as well ({high:g} or less), or raise max_cu",
        )
    if (low is None) != (high is None) and compute_differences(current, dataclasses.replace(desired, suspend_timeout_seconds=None)):
        _refuse_sizes(current.min_cu if low is None else low, current.max_cu if high is None else high, where)


def history_fault(seconds: int) -> str | None:
    """Return why no project can keep a history of so many seconds, None if one can. Plans have narrower bounds, which are left to Neon."""
    return None if 0 <= seconds <= _LONGEST_HISTORY else f"Neon keeps 0 to {_LONGEST_HISTORY} seconds (30 days)"


def _refuse_sizes(small: float | None, large: float | None, where: str) -> None:
    for fault in range_faults(small, large):
        reason = fault.reason[0].upper() + fault.reason[1:]
        raise InputError(f"{fault.option} is {fault.value:g}", where=where, why=reason, remedy=fault.remedy)


def require_confirmation(given: str | None, name: str, deed: str) -> None:
    """Refuse a destructive change that is not confirmed by the exact name.

    :param deed: the change in words, for example ``delete branch staging``.
    :raises ConfirmationError: if ``given`` is not ``name``.
    """
    if given == name:
        return
    raise ConfirmationError(
        f"refused to {deed}",
        where="option confirm_destroy",
        why="It is not set" if not given else f"It is {given!r}, which is not the exact name",
        remedy=f"If this is what you want, set confirm_destroy: {name}",
    )
