# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action: one run at a time. See the module of the same name for the documentation."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible import context

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import private_file
from ansible_collections.dbinfra.postgres.plugins.module_utils._lock import starter
from ansible_collections.dbinfra.postgres.plugins.module_utils._lock.identity import Description, Run, this_run
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres import transport
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connect_errors import classify
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.login import parse_login
from ansible_collections.dbinfra.postgres.plugins.plugin_utils.action import DbinfraAction

WHERE = "option path of run_lock"


class ActionModule(DbinfraAction):
    """Takes the lock file, then (with a login) the lock in the server."""

    SPEC = {
        "name": {"type": "str", "required": True},
        "path": {"type": "str", "required": True},
        "login": {"type": "dict"},
        "login_password": {"type": "str", "no_log": True},
        "connect_timeout": {"type": "int", "default": 10},
        "timeout": {"type": "int", "default": 60},
    }

    def work(self, params: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Take what is asked for, unless this is check mode."""
        name: str = params["name"]
        directory = private_file.absolute(params["path"].rstrip("/") or "/", WHERE)
        file = starter.lock_file(directory, name)
        if params["timeout"] < 1:
            raise InputError("the time-out must be at least one second", where="option timeout of run_lock")
        if self._task.check_mode:
            return {"lock": {"name": name, "path": file, "held": False, "on_server": False, "holder": None}}
        session = None if params["login"] is None else _session(params)
        private_file.make_directory(directory, WHERE)
        # The worker that runs this task was forked by ansible-playbook's main process, which is what a run is.
        run = this_run(os.getppid(), _playbooks())
        if session is not None:
            session = dataclasses.replace(session, parameters={**session.parameters, "application_name": run.application_name()})
        own = starter.take(name, file, run, None, params["timeout"])
        result: dict[str, t.Any] = {"lock": _facts(name, file, own.run, session is not None)}
        if session is not None:
            taken = self._take_on_server(name, starter.lock_file(directory, name, session), run, session, params)
            if taken.note:
                result["warnings"] = [
                    f"The lock {name} in PostgreSQL at {session.where} was free for a while: {taken.note}. Another run may have changed something."
                ]
        return result

    def _take_on_server(self, name: str, file: str, run: Run, session: starter.ServerSession, params: dict[str, t.Any]) -> Description:
        try:
            return starter.take(name, file, run, session, params["timeout"])
        except starter.DbinfraError as error:
            text = error.details.get("connect_text")
            if text is None:
                raise
        # libpq's own words become the same error that every module gives.
        if params["login_password"]:
            text = text.replace(params["login_password"], "********")
        raise transport.login_error(parse_login(params, predicted=False), classify(text))


def _session(params: dict[str, t.Any]) -> starter.ServerSession:
    """Return where the advisory lock is taken.

    :raises InputError: if the login is incomplete, predicted, or leads to a pooler.
    """
    if params["login"].get("exists") is False:
        raise InputError(
            "the server is only a prediction, but this is no check mode",
            where="option login of run_lock",
            remedy="Run the tasks that make it first, and pass on their result",
        )
    login = parse_login(params, predicted=False)
    if "-pooler." in (login.host or ""):
        raise InputError(
            f"{login.host} is a pooler",
            where="option login of run_lock",
            why="a pooler in transaction mode hands the session, and the lock with it, to the next client",
            remedy="Pass the direct host",
        )
    return starter.ServerSession(transport.login_parameters(login, ""), login.where)


def _playbooks() -> list[str]:
    """Return what ansible-playbook was called with; empty for an ad-hoc task, whose argument is a host pattern."""
    arguments = context.CLIARGS.get("args")
    return [str(argument) for argument in arguments] if isinstance(arguments, (list, tuple)) else []


def _facts(name: str, file: str, run: Run, on_server: bool) -> dict[str, t.Any]:
    return {"name": name, "path": file, "held": True, "on_server": on_server, "holder": dataclasses.asdict(run)}
