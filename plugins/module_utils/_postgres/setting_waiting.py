# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what is configured waits for a restart. Pure.

``pg_settings.pending_restart`` alone does not tell. The server raises it for a line that was taken away, whatever the value (ProcessConfigFileInternal
in guc.c, guc-file.l on 14), lowers it only when another line says what is running (set_config_with_handle, set_config_option before 17), and compares
the word for an automatic value with the one that was computed for it. So what would be in force after a restart is compared with what is.
"""

from __future__ import annotations

import typing as t

from .setting_catalogue import Catalogue, Parameter
from .setting_model import SettingState, Step
from .setting_shown import shows
from .setting_value import stored_canonical

#: Files that are shown with their whole path, also if they are configured without (SelectConfigFiles in guc.c).
_OWN_FILES: t.Final = {"hba_file": "pg_hba.conf", "ident_file": "pg_ident.conf"}


def waits(state: SettingState, step: Step, *, predicted: bool) -> bool:
    """Return whether a setting of the whole server waits for a restart.

    :param predicted: the step is still to be done: whether it will.
    """
    parameter = step.parameter
    if not step.wanted.scope.is_system or parameter.source == "command line":
        return False
    if not (predicted and step.differs and parameter.context == "postmaster"):
        return waits_now(state, parameter)
    rest = step.below if step.below is not None else parameter.boot_val
    target = step.value.canonical if step.value is not None else stored_canonical(parameter, rest)
    return not _in_force(state.catalogue, parameter, target)


def waits_now(state: SettingState, parameter: Parameter) -> bool:
    """Return whether the server says that a parameter waits for a restart, or will say so when it has read its files, and one would change its value."""
    unread = parameter.context == "postmaster" and state.files_seen and parameter.of_server
    if not (parameter.pending_restart or unread) or not state.file_readable:
        return parameter.pending_restart
    text = state.file_text.get(parameter.name.lower())
    if text is None and not parameter.pending_restart and parameter.source != "configuration file":
        return False
    if text is None:
        if not state.backend.by_sql:
            # The provider has files of its own, which nobody can see.
            return True
        text = parameter.boot_val
    return not _in_force(state.catalogue, parameter, stored_canonical(parameter, text))


def _in_force(catalogue: Catalogue, parameter: Parameter, target: t.Hashable) -> bool:
    """Return whether a restart with a value would leave the running one as it is."""
    name = parameter.name.lower()
    if target is None and parameter.vartype == "string":
        # There is no built-in value: the server takes its own file (SelectConfigFiles in guc.c), or none.
        target = _OWN_FILES.get(name, "")
    if name in _OWN_FILES and isinstance(target, str) and not target.startswith("/"):
        return str(stored_canonical(parameter, parameter.running)).endswith(f"/{target.removeprefix('./')}")
    return shows(catalogue, parameter, target)
