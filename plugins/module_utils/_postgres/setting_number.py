# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers with units, as PostgreSQL's own parser reads them (parse_int, parse_real and convert_to_base_unit in guc.c). Pure.

The server calculates in C's doubles, and so does this, in the same order: an exact fraction would round some ties the other way.
What C's strtol and strtod take is spelled out, for Python's own numbers take other things (underscores, digits of other scripts).
"""

from __future__ import annotations

import math
import re
import sys

#: The units of each family, largest first, in the smallest one. Memory units are case-sensitive for PostgreSQL.
_MEMORY = {"TB": 1024**4, "GB": 1024**3, "MB": 1024**2, "kB": 1024, "B": 1}
_TIME = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}

_BLANKS = " \t\n\v\f\r"
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1

_STRTOL = re.compile(rf"[{_BLANKS}]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)
_STRTOD = re.compile(
    rf"[{_BLANKS}]*(?P<sign>[+-]?)(?:(?P<word>inf(?:inity)?|nan(?:\([a-z0-9_]*\))?)"
    r"|(?P<hex>0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?)|(?P<decimal>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?))",
    re.ASCII | re.IGNORECASE,
)


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


def _rint(value: float) -> float:
    """Return the nearest whole number, half to even, as C's rint does."""
    return value if math.isinf(value) else float(round(value))


def _to_base_unit(value: float, unit: str, base_unit: str) -> float:
    family, base = _family(base_unit)
    if unit not in family:
        near = [name for name in family if name.lower() == unit.lower()]
        hint = f"; did you mean {near[0]}? Units are case-sensitive" if near else ""
        raise BadNumberError(f"{unit!r} is not one of its units ({', '.join(family)}){hint}")
    result = value * (family[unit] / base)
    names = list(family)
    position = names.index(unit)
    if position + 1 < len(names):
        # 30.1GB means a whole number of MB: the server rounds to the next smaller unit.
        smaller = family[names[position + 1]] / base
        result = _rint(result / smaller) * smaller
    return result


def _strtol(text: str) -> tuple[int | None, str]:
    """Return what C's strtol reads with base 0 (hexadecimal, octal, decimal), None beyond 64 bits, and the rest of the text."""
    found = _STRTOL.match(text)
    if not found:
        return 0, text
    digits = found[2]
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    value = int(found[1] + digits, base)
    return (value if -(2**63) <= value < 2**63 else None), text[found.end() :]


def _strtod(text: str) -> tuple[float, str]:
    """Return what C's strtod reads and the rest of the text.

    :raises BadNumberError: where it reads nothing, or a number too large or too small for it.
    """
    found = _STRTOD.match(text)
    if not found:
        raise BadNumberError("it is not a number")
    rest = text[found.end() :]
    if found["word"]:
        if found["word"][0] in "nN":
            raise BadNumberError("it is not a number")
        return float(found["sign"] + "inf"), rest
    try:
        value = float.fromhex(found["sign"] + found["hex"]) if found["hex"] else float(found["sign"] + found["decimal"])
    except OverflowError:
        value = math.inf
    mantissa = re.split("[pP]", found["hex"][2:])[0] if found["hex"] else re.split("[eE]", found["decimal"])[0]
    vanished = re.search("[1-9a-fA-F]", mantissa) is not None and (value == 0 or (not found["hex"] and abs(value) < sys.float_info.min))
    if math.isinf(value) or vanished:
        raise BadNumberError("it is beyond what a number can hold")
    return value, rest


def _with_unit(value: float, rest: str, base_unit: str | None) -> float:
    unit = rest.strip(_BLANKS)
    if not unit:
        return value
    if any(blank in unit for blank in _BLANKS) or not re.match("[A-Za-z%]", unit):
        raise BadNumberError("it is not a number")
    if base_unit is None:
        raise BadNumberError(f"it takes no unit, but {unit!r} was given")
    return _to_base_unit(value, unit, base_unit)


def parse_real(text: str, base_unit: str | None) -> float:
    """Return the number of a real parameter in its own unit.

    :param text: for example ``1.5ms``, ``0x10`` or ``-1``; a bare number counts in the parameter's own unit.
    :param base_unit: ``pg_settings.unit``, for example ``8kB`` or ``ms``; None for a number without a unit.
    :raises BadNumberError: with the reason.
    """
    value, rest = _strtod(text)
    return _with_unit(value, rest, base_unit)


def parse_integer(text: str, base_unit: str | None) -> int:
    """Return the whole number in the parameter's own unit; fractions are rounded half to even, as the server does.

    :raises BadNumberError: with the reason.
    """
    whole, rest = _strtol(text)
    if whole is None or rest[:1] in (".", "e", "E"):
        # A leading blank or sign before ".5" is not skipped here: strtol has read nothing, and the server looks at its first character.
        value, rest = _strtod(text)
    elif rest == text:
        raise BadNumberError("it is not a number")
    else:
        if re.match("[89]", rest):
            raise BadNumberError("a whole number with a leading zero is octal, which knows no 8 and 9")
        value = float(whole)
    value = _rint(_with_unit(value, rest, base_unit))
    if not _INT_MIN <= value <= _INT_MAX:
        raise BadNumberError(f"{value:.0f} is outside of the range of whole numbers, {_INT_MIN} to {_INT_MAX}")
    return int(value)


def parse_bound(text: str) -> float:
    """Return a limit of pg_settings as a number: the server shows six digits, and the largest double is more than these say."""
    value = float(text)
    return math.copysign(sys.float_info.max, value) if text.lstrip("-") == "1.79769e+308" else value


def show_real(value: float) -> str:
    """Return a real in its shortest text."""
    return format(value + 0.0, ".15g")


def show_with_unit(text: str, base_unit: str | None) -> str:
    """Return a whole number of pg_settings as SHOW would: in the largest unit in which it stays whole (convert_int_from_base_unit in guc.c).

    Zero, negative numbers and anything else stay as they are.
    """
    if not base_unit or not text.isdigit() or not int(text):
        return text
    family, base = _family(base_unit)
    size = int(text) * base
    return next(f"{size // unit_size}{unit}" for unit, unit_size in family.items() if size % unit_size == 0)
