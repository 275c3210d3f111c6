# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion of Ansible's lazy and tagged values into plain Python values.

ansible-core 2.19 hands lazy containers and tagged strings to filters, look-ups and actions. Libraries such as psycopg2 and
yaml do not know them, and ``type(x) is str`` is false. Every plugin calls :func:`to_plain` once, at its entry.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t


def to_plain(value: t.Any) -> t.Any:
    """Return ``value`` as a tree of exact dict, list, str, int, float, bool, None and datetime objects.

    :raises TypeError: for a value that cannot stand in a declaration (for example a set or an object).
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # str(value) keeps the subclass of a tagged string, joining its characters does not.
        return "".join(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, c.Mapping):
        return {to_plain(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, c.Sequence) and not isinstance(value, (bytes, bytearray)):
        return [to_plain(item) for item in value]
    raise TypeError(f"a value of type {type(value).__name__} cannot stand in a declaration")
