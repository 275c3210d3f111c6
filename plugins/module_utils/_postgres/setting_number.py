# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers with units, as PostgreSQL's own parser reads them (parse_int, parse_real and convert_to_base_unit in guc.c). Pure and exact."""

from __future__ import annotations

import fractions
import re

#: The units of each family, largest first, in the smallest one. Memory units are case-sensitive for PostgreSQL.
_MEMORY = {"TB": 1024**4, "GB": 1024**3, "MB": 1024**2, "kB": 1024, "B": 1}
_TIME = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}

_NUMBER = re.compile(r"\s*(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*(?P<unit>[^\s]*)\s*")


class BadNumberError(ValueError):
    """A text that PostgreSQL would not read as this parameter's number."""


def _family(base_unit: str) -> tuple[dict[str, int], int]:
    """Return the family of a parameter's own unit and the unit's size, for example of ``8kB``."""
    found = re.fullmatch(r"(\d*)(\D+)", base_unit)
    if not found:
        raise BadNumberError(f"the unit {base_unit!r} of the parameter is not known")
    family = _MEMORY if found[2] in _MEMORY else _TIME
    if found[2] not in family:
        raise BadNumberError(f"the unit {base_unit!r} of the parameter is not known")
    return family, int(found[1] or 1) * family[found[2]]


def _to_base_unit(value: fractions.Fraction, unit: str, base_unit: str) -> fractions.Fraction:
    family, base = _family(base_unit)
    if unit not in family:
        near = [name for name in family if name.lower() == unit.lower()]
        hint = f"; did you mean {near[0]}? Units are case-sensitive" if near else ""
        raise BadNumberError(f"{unit!r} is not one of its units ({', '.join(family)}){hint}")
    result = value * family[unit] / base
    names = list(family)
    position = names.index(unit)
    if position + 1 < len(names):
        # 30.1GB means a whole number of MB: the server rounds to the next smaller unit.
        smaller = fractions.Fraction(family[names[position + 1]], base)
        result = round(result / smaller) * smaller
    return result


def parse_real(text: str, base_unit: str | None) -> fractions.Fraction:
    """Return the number of a real parameter in its own unit.

    :param text: for example ``1.5ms``, ``0x10`` or ``-1``; a bare number counts in the parameter's own unit.
    :param base_unit: ``pg_settings.unit``, for example ``8kB`` or ``ms``; None for a number without a unit.
    :raises BadNumberError: with the reason.
    """
    return _parse(text, base_unit, octal=False)


def _parse(text: str, base_unit: str | None, *, octal: bool) -> fractions.Fraction:
    found = _NUMBER.fullmatch(text)
    if not found:
        raise BadNumberError("it is not a number")
    digits = found["number"]
    unit = found["unit"]
    unsigned = digits.lstrip("+-")
    if unsigned[:2] in ("0x", "0X"):
        value = fractions.Fraction(int(digits, 16))
    elif octal and re.fullmatch(r"0[0-9]+([eE].*)?", unsigned) and not re.fullmatch(r"0[0-7]+[eE].*", unsigned):
        # C's strtol, which the server tries first for integers, reads a leading zero as octal and stops at an 8 or 9.
        if not re.fullmatch(r"0[0-7]+", unsigned):
            raise BadNumberError("a whole number with a leading zero is octal, which knows no 8 and 9")
        value = fractions.Fraction(int(digits, 8))
    else:
        value = fractions.Fraction(digits)
    if not unit:
        return value
    if base_unit is None:
        raise BadNumberError(f"it takes no unit, but {unit!r} was given")
    return _to_base_unit(value, unit, base_unit)


def parse_integer(text: str, base_unit: str | None) -> int:
    """Return the whole number in the parameter's own unit; fractions are rounded half to even, as the server does."""
    return round(_parse(text, base_unit, octal=True))


def show_real(value: fractions.Fraction) -> str:
    """Return a real in its shortest text."""
    return format(float(value), ".15g")
