# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Points in time, spans of time and places in the log, as options give them. Pure functions.

Times are ``datetime`` objects in UTC here. Python 3.11's ``fromisoformat`` would do most of it, but it takes far more than RFC 3339
(week dates, times without a zone), and the answer to a wrong one has to name what is wrong.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from .._core.errors import InputError

_EXAMPLE: t.Final = "2026-11-24T18:00:00Z or 2026-11-24T19:00:00+01:00"
# RFC 3339, section 5.6; its note allows a space for the T, which is what YAML makes of an unquoted time.
_MOMENT: t.Final = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?(.*)", re.ASCII)
_OFFSET: t.Final = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
# Beyond it, a date could not be counted with. More digits than these are no span in any unit, and Python does not even read thousands of them.
_LONGEST_SPAN: t.Final = 100 * 365 * 86400
_SPAN: t.Final = re.compile(r"(?:(\d{1,12})w)?(?:(\d{1,12})d)?(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s?)?", re.ASCII)
_UNIT_SECONDS: t.Final = (604800, 86400, 3600, 60, 1)
# PostgreSQL's pg_lsn: two numbers of 32 bits in hexadecimal digits.
_LSN: t.Final = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})", re.ASCII)


def moment(text: str, where: str) -> datetime.datetime:
    """Read a time of RFC 3339 with its zone.

    :param where: the option, for the error.
    :raises InputError: naming what is wrong: the form, a date that does not exist, a missing zone or an unknown one.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is no time of RFC 3339", where=where, remedy=f"Write it like {_EXAMPLE}")
    day, time, fraction, zone = match.group(1), match.group(2), match.group(3) or "", match.group(4).strip()
    if not zone:
        raise InputError(
            f"the time {text!r} has no zone", where=where, why="It would mean another moment on every machine", remedy=f"Write it like {_EXAMPLE}"
        )
    offset = _OFFSET.fullmatch(zone)
    if offset is None and zone not in ("Z", "z"):
        raise InputError(
            f"the zone {zone!r} of {text!r} is not known",
            where=where,
            why="Names of zones are ambiguous, only Z (UTC) and offsets such as +01:00 are taken",
            remedy=f"Write it like {_EXAMPLE}",
        )
    try:
        local = datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=datetime.UTC)
        local += datetime.timedelta(microseconds=int(fraction[1:7].ljust(6, "0")) if fraction else 0)
        if offset is None:
            return local
        distance = datetime.timedelta(hours=int(offset.group(2)), minutes=int(offset.group(3)))
        return local - distance if offset.group(1) == "+" else local + distance
    except (ValueError, OverflowError) as error:
        raise InputError(f"the time {text!r} does not exist: {error}", where=where, remedy=f"Write it like {_EXAMPLE}") from None


def answered_moment(text: str | None) -> datetime.datetime | None:
    """Read a time of the provider's; one that cannot be read counts as none."""
    if text is None:
        return None
    try:
        return moment(text, "")
    except InputError:
        return None


def at(seconds: float) -> datetime.datetime:
    """Return the time so many seconds after 1970 began."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def written(point: datetime.datetime) -> str:
    """Return a time the way the API takes it: in UTC, with a fraction only if there is one."""
    precise = "microseconds" if point.microsecond else "seconds"
    return point.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec=precise) + "Z"


def shown_second(text: str | None) -> str | None:
    """Return a time as Neon shows one that was written for it: in whole seconds."""
    point = answered_moment(text)
    return None if point is None else written(point.replace(microsecond=0))


def span(text: str, where: str) -> int:
    """Read a span of time: seconds, or a text such as ``3d``, ``12h`` or ``1d12h``. Return seconds.

    :raises InputError: for anything else, and for nothing.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    parts = match.groups() if match else (None,) * len(_UNIT_SECONDS)
    seconds = sum(int(part) * unit for part, unit in zip(parts, _UNIT_SECONDS, strict=True) if part)
    if not 0 < seconds <= _LONGEST_SPAN:
        shown = text if len(text) <= 40 else text[:40] + "..."
        raise InputError(
            f"{shown!r} is no span of time above 0" + (" and up to 100 years" if seconds else ""),
            where=where,
            remedy="Give seconds, or a text such as 3d, 12h or 1d12h (w, d, h, m, s)",
        )
    return seconds


def span_words(seconds: float) -> str:
    """Return a span in words, with the two largest units: ``6 d 23 h``."""
    rest, words = int(seconds), []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number:
            words.append(f"{number} {unit}")
    return " ".join(words[:2]) or "0 s"


def lsn(text: str, where: str) -> str:
    """Return a place in the log as it was given.

    :raises InputError: if it has another form.
    """
    stripped = text.strip()
    if _LSN.fullmatch(stripped):
        return stripped
    raise InputError(
        f"{text!r} is no LSN", where=where, remedy="Give it as PostgreSQL writes it (SELECT pg_current_wal_lsn()), for example 0/1DE2850"
    )
