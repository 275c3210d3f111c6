# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_setting_info``: what is configured on a server, where, and whether it is in force."""

from __future__ import annotations

import fnmatch
import typing as t

from .._core.errors import NotFoundError
from .._core.plain import to_plain
from .._core.runner import Context
from .login import LOGIN_SPEC, is_predicted, parse_login
from .setting_catalogue import Parameter
from .setting_model import Scope, SettingState
from .setting_read import read_kept, read_settings
from .setting_secret import without_password
from .setting_waiting import waits_now
from .transport import Session

SETTING_INFO_SPEC: dict[str, t.Any] = {"argument_spec": {**LOGIN_SPEC, "names": {"type": "list", "elements": "str", "default": []}}}

# Values from these are nobody's configuration: built in, computed at the start, or of this very connection.
_NOT_CONFIGURED: t.Final = frozenset({None, "default", "override", "client", "session", "interactive", "test", "environment variable"})


def look_settings(context: Context) -> t.Mapping[str, t.Any]:
    """Read and report.

    :raises DbinfraError: if the options are wrong, the connection fails, or a name matches nothing.
    """
    params = context.params
    if is_predicted(params, context.check_mode):
        # A server that is yet to be made has nothing configured.
        return {"settings": [], "kept": [], "files_readable": False}
    login = parse_login(params, predicted=False)
    session = Session.connect(login, "dbinfra.postgres pg_setting_info")
    state = read_settings(session, login.provider, [Scope()], [])
    return settings_shown(state, read_kept(session), to_plain(params["names"]))


def settings_shown(state: SettingState, kept: t.Mapping[Scope, t.Mapping[str, str]], names: t.Sequence[str]) -> dict[str, t.Any]:
    """Return the report. Pure.

    :param kept: per scope what is kept for databases and roles.
    :param names: patterns; none for what is configured.
    :raises NotFoundError: if a pattern matches no parameter of the server and nothing that is kept.
    """
    patterns = [name.lower() for name in names]

    def asked(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in patterns)

    every = sorted(state.catalogue, key=lambda parameter: parameter.name.lower())
    lines = [
        {"scope": "all roles" if scope.is_system else scope.words, "name": name, "value": without_password(name, text)}
        for scope, texts in sorted(kept.items(), key=lambda item: item[0].words)
        for name, text in sorted(texts.items())
        if not patterns or asked(name)
    ]
    known = [parameter.name.lower() for parameter in every] + [line["name"].lower() for line in lines]
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise NotFoundError(
                f"PostgreSQL {state.catalogue.major} has no parameter {pattern}",
                where="option names",
                remedy="Correct the name; * and ? stand for any characters and for one",
            )
    chosen = [each for each in every if (asked(each.name) if patterns else _is_configured(state, each))]
    return {"settings": [_shown(state, each) for each in chosen], "kept": lines, "files_readable": state.file_readable}


def _is_configured(state: SettingState, parameter: Parameter) -> bool:
    if parameter.context == "internal":
        return False
    return parameter.name.lower() in state.file_text or parameter.source not in _NOT_CONFIGURED


def _shown(state: SettingState, parameter: Parameter) -> dict[str, t.Any]:
    name = parameter.name.lower()
    text = state.file_text.get(name)
    overridden = parameter.source == "command line" and text is not None
    return {
        "name": parameter.name,
        "running": None if parameter.running is None else without_password(name, parameter.running),
        "unit": parameter.unit,
        "type": parameter.vartype,
        "context": parameter.context,
        "source": parameter.source,
        "default": parameter.boot_val,
        "configured": None if text is None else without_password(name, text),
        "by_alter_system": name in state.in_auto_file if state.file_readable else None,
        "pending_restart": waits_now(state, parameter) and not overridden,
        "overridden": overridden,
    }
