# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the value that a server shows as running is what a text stands for, as far as the server shows it. Pure.

It shows the result of reading a text, not the text: six digits of a real number (ShowGUCOption in guc.c), a time zone by its own name.
"""

from __future__ import annotations

import typing as t

from .setting_automatic import automatic_value
from .setting_catalogue import Catalogue, Parameter
from .setting_list import lower_ascii
from .setting_value import stored_canonical

#: Strings of which the server shows its own name, or adds what the text leaves as it was (check_datestyle, show_timezone in variable.c).
RESHAPED: t.Final = frozenset({"client_encoding", "datestyle", "log_timezone", "timezone"})


def shows(catalogue: Catalogue, parameter: Parameter, canonical: t.Hashable) -> bool:
    """Return whether a running value may be a canonical one: False only if it is another for certain."""
    running = stored_canonical(parameter, parameter.running)
    if canonical == running:
        return True
    if running is None or canonical is None:
        return False
    if parameter.vartype == "real":
        return _six_digits(canonical) == _six_digits(running)
    if parameter.name.lower() == "datestyle":
        return set(_words(canonical)) <= set(_words(running))
    if parameter.name.lower() in RESHAPED:
        return lower_ascii(str(canonical)) == lower_ascii(str(running))
    return running == automatic_value(catalogue, parameter, canonical)


def _six_digits(canonical: t.Hashable) -> str:
    try:
        return format(float(str(canonical)), "g")
    except ValueError:
        return str(canonical)


def _words(canonical: t.Hashable) -> list[str]:
    words = canonical if isinstance(canonical, tuple) else str(canonical).split(",")
    return [lower_ascii(str(word).strip()) for word in words]
