# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sizes of computes that Neon has, and over which range it scales. Pure functions.

Limits are those of Neon's documentation, state of November 2026. They hold for every plan; what depends on the plan is left to Neon.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

#: The compute sizes that Neon sells, in CU, smallest first: 0.25 and 0.5, whole units up to 16, then steps of two up to 56.
COMPUTE_SIZES: t.Final[tuple[float, ...]] = (0.25, 0.5, *(float(size) for size in range(1, 17)), *(float(size) for size in range(18, 57, 2)))
# Autoscaling ends here and spans at most this much, in CU; larger computes have a fixed size.
_LARGEST_AUTOSCALING: t.Final = 16
_WIDEST_AUTOSCALING: t.Final = 8


@dataclasses.dataclass(frozen=True)
class SizeFault:
    """What is wrong with one end of a range.

    :param option: the end.
    :param reason: a sentence without a full stop, and without the value.
    :param remedy: what to declare instead.
    """

    option: str
    value: float
    reason: str
    remedy: str


def range_faults(small: float | None, large: float | None, options: tuple[str, str] = ("min_cu", "max_cu")) -> list[SizeFault]:
    """Return what is wrong with a range of sizes, in CU. An end that is None is not known, and nothing is said of it.

    :param options: what the two ends are called where they are declared.
    """
    ends = zip(options, (small, large), strict=True)
    faults = [
        SizeFault(option, size, "Neon has no compute of this size", f"Declare {_near(size)}")
        for option, size in ends
        if size is not None and size not in COMPUTE_SIZES
    ]
    if faults or small is None or large is None:
        return faults
    fault = _span_fault(small, large, options)
    return [fault] if fault else []


def _span_fault(small: float, large: float, options: tuple[str, str]) -> SizeFault | None:
    if small > large:
        reason = f"the minimum is above the maximum ({options[1]} = {large:g})"
        return SizeFault(options[0], small, reason, "Lower the minimum or raise the maximum")
    if small != large and large > _LARGEST_AUTOSCALING:
        reason = f"computes above {_LARGEST_AUTOSCALING} CU do not scale ({options[0]} = {small:g})"
        return SizeFault(options[1], large, reason, f"Declare the same size as minimum, or at most {_LARGEST_AUTOSCALING}")
    if large - small > _WIDEST_AUTOSCALING:
        most = max(size for size in COMPUTE_SIZES if size - small <= _WIDEST_AUTOSCALING)
        reason = f"Neon scales over at most {_WIDEST_AUTOSCALING} CU, and {options[0]} is {small:g}"
        return SizeFault(options[1], large, reason, f"Declare at most {most:g}, or a larger minimum")
    return None


def _near(size: float) -> str:
    if not math.isfinite(size):
        return "a number of compute units, for example 0.25"
    below = [candidate for candidate in COMPUTE_SIZES if candidate < size]
    above = [candidate for candidate in COMPUTE_SIZES if candidate > size]
    return " or ".join(f"{candidate:g}" for candidate in (*below[-1:], *above[:1]))
