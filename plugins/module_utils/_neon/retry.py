# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request may be sent again, and after which pause. Pure functions.

The rules (Neon's API guide and SDK): 423 and 503 mean that nothing was done, so any method may be repeated. 429 has to be waited for as
long as the server says. A request without an answer may only be repeated if repeating cannot do harm; there is no idempotency key.
"""

from __future__ import annotations

import email.utils
import typing as t

UNAVAILABLE_STATUS: t.Final = 503
BUSY_STATUSES: t.Final = frozenset({423, 429, UNAVAILABLE_STATUS})
SAFE_METHODS: t.Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A gateway in front of the API says 502 and 504 when it lost the answer itself; 500 does not say how far the request came.
UNDECIDED_STATUSES: t.Final = frozenset({500, 502, 504})
GATEWAY_STATUSES: t.Final = frozenset({502, 504})

_FIRST_PAUSE: t.Final = 0.25
_LONGEST_PAUSE: t.Final = 10.0
# 2 ** 10 * 0.25 s is far above the longest pause; more would only make large numbers.
_LARGEST_EXPONENT: t.Final = 10


def backoff(attempt: int, jitter: float) -> float:
    """Return the pause in seconds before attempt number ``attempt + 1``.

    Full jitter: two runs that were refused together do not come back together.

    :param attempt: attempts made so far, at least 1.
    :param jitter: a random number in [0, 1).
    """
    ceiling = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, _LARGEST_EXPONENT))
    return ceiling * jitter


def retry_after(value: str | None, *, date: str | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, or None if there is none that can be read.

    :param value: the header; seconds or an HTTP date (RFC 9110, section 10.2.3).
    :param date: the ``Date`` header of the same answer. It is the better reference, the local clock may be wrong.
    :param now: the local time in seconds since 1970, used when there is no ``Date``.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    reference = _http_date(date) if date else None
    return max(0.0, until - (now if reference is None else reference))


def pause_before_retry(asked: float | None, attempt: int, jitter: float) -> float:
    """Return the pause after a 423, 429 or 503: what the server asked for, never less, or the usual backoff."""
    own = backoff(attempt, jitter)
    return own if asked is None else max(asked, own)


def _http_date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
