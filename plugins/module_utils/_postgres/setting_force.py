# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a running server has taken what its configuration files say, and whether it could. Pure.

A file that was written and never reloaded is seen nowhere but here: a run that was killed between ALTER SYSTEM and the reload, somebody's own
ALTER SYSTEM, a reload that the server ignored because of another line.
"""

from __future__ import annotations

import typing as t

from .._core.errors import ServerError
from .setting_catalogue import Parameter
from .setting_model import Scope, SettingState, SettingWanted, Step
from .setting_number import show_with_unit
from .setting_secret import without_password
from .setting_shown import RESHAPED, shows
from .setting_value import stored_canonical

#: Contexts whose new value only a new session shows: an old one ignores it (set_config_option in guc.c).
NEW_SESSIONS: t.Final = frozenset({"backend", "superuser-backend"})


def is_behind(state: SettingState, wanted: SettingWanted, parameter: Parameter) -> bool:
    """Return whether what is configured for the whole server is not what it runs, and a reload would change that.

    False where nobody can tell: the files or the running value cannot be seen from this session, or the command line has the last word.
    """
    name = parameter.name.lower()
    if not wanted.scope.is_system or not state.files_seen or parameter.custom or parameter.context == "postmaster":
        return False
    if not parameter.of_server or parameter.source == "command line" or parameter.running is None:
        return False
    text = state.file_text.get(name)
    if text is None:
        # The line is gone, and the value that it had is still there.
        return parameter.source == "configuration file"
    if not wanted.present and name in state.file_errors:
        # Somebody else's line, which the server cannot read either.
        return False
    if name in RESHAPED:
        # What a text becomes only the server knows; a value that is still the built-in one has not been loaded.
        return parameter.source == "default"
    return not shows(state.catalogue, parameter, stored_canonical(parameter, text))


def is_left_running(state: SettingState, parameter: Parameter) -> bool:
    """Return whether a value is running of which nothing is configured any more: it was taken away, and nobody has loaded that."""
    absent = SettingWanted(parameter.name, Scope(), present=False)
    return parameter.name.lower() not in state.file_text and is_behind(state, absent, parameter)


def require_loadable(state: SettingState, steps: t.Sequence[Step]) -> None:
    """Refuse to write what the server would not read: one line that it cannot read makes it ignore a whole reload (ProcessConfigFile in guc.c).

    :raises ServerError: with the lines and the server's words.
    """
    if state.unreadable_lines and state.backend.by_sql and any(step.needs_reload or _writes(step) for step in steps):
        raise ServerError(
            "the server would ignore a reload of its configuration",
            where="option settings",
            why="it says: " + "; ".join(state.unreadable_lines[:3]),
            remedy="Correct the configuration files first; nothing was changed",
        )


def require_taken(state: SettingState, steps: t.Sequence[Step]) -> None:
    """Refuse to call done what a reload was to put in force and did not.

    :raises ServerError: with the value that is in force, and the server's words.
    """
    left = [step for step in steps if step.needs_reload]
    if not left:
        return
    words = [
        f"{step.parameter.name}: {state.file_errors[step.parameter.name.lower()]}"
        for step in left
        if step.parameter.name.lower() in state.file_errors
    ]
    raise ServerError(
        "the server has reloaded its configuration and did not take " + ", ".join(_both_values(state, step) for step in left),
        where="option settings",
        why="it says: " + "; ".join(words) if words else "it gave no reason in pg_file_settings",
        remedy="Look into the server's log. What is configured stays so until it is declared otherwise",
    )


def _writes(step: Step) -> bool:
    return step.differs and step.wanted.scope.is_system


def _both_values(state: SettingState, step: Step) -> str:
    parameter = step.parameter
    text = state.file_text.get(parameter.name.lower(), parameter.boot_val) or ""
    running = show_with_unit(parameter.running or "", parameter.unit)
    return f"{parameter.name} = {without_password(parameter.name, text)!r} ({without_password(parameter.name, running)!r} is in force)"
