# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that the server itself is asked to judge before anything is changed: it knows more than types and ranges."""

from __future__ import annotations

import typing as t

from .setting_backend import SESSION_CONTEXTS
from .setting_model import Scope, SettingState, Step
from .setting_statement import alter_statement
from .statement import Identifier, Literal, Several, Statement
from .transport import Session

#: Parameters that name something of a database, or something that may be made later: for a database or a role the server takes any name with a
#: remark (PGC_S_TEST in their check hooks), in a session it does not.
_NAMES_OF_OBJECTS: t.Final = frozenset(
    {"default_table_access_method", "default_tablespace", "default_text_search_config", "role", "session_authorization", "temp_tablespaces"}
)


def try_values(session: Session, state: SettingState, steps: t.Sequence[Step]) -> tuple[dict[tuple[Scope, str], str], tuple[str, ...]]:
    """Let the server judge the values that are to be set, where it can do so without changing anything: in a transaction that is rolled back.

    A session tries a value for itself, which leaves no trace, waits for nobody, and is judged alike but for names. These are tried by the very ALTER.

    :return: its words where it refuses, by scope and lower-case name, and what it remarks about the others.
    """
    refused: dict[tuple[Scope, str], str] = {}
    remarks: list[str] = []
    for step in steps:
        statement, writes = _trial(session, state, step)
        if statement is None:
            continue
        verdict = session.try_out(statement, writes=writes)
        scope, name = step.wanted.scope, step.parameter.name
        if verdict.refused:
            refused[(scope, name.lower())] = verdict.refused
        remarks += [f"{name} for {scope.words}: the server says: {notice}" for notice in verdict.notices]
    return refused, tuple(dict.fromkeys(remarks))


def _trial(session: Session, state: SettingState, step: Step) -> tuple[Statement | None, bool]:
    """Return the statement that asks the server, None if it cannot be asked, and whether it writes."""
    parameter, scope = step.parameter, step.wanted.scope
    may = state.login_superuser or parameter.context == "user" or parameter.name.lower() in state.settable
    if not step.differs or step.value is None or parameter.context not in SESSION_CONTEXTS or not may:
        return None, False
    if not scope.is_system and parameter.name in _NAMES_OF_OBJECTS:
        there = (scope.role is None or scope.role in state.roles) and (scope.database is None or scope.database in state.databases)
        ours = scope.role not in state.foreign_roles if scope.role is not None else scope.database not in state.foreign_databases
        # Neither a role that is yet to be made nor a server that stands in for a predicted one can be asked like that.
        return (alter_statement(scope, parameter.name, step.value), True) if there and ours and not session.read_only else (None, False)
    if scope.is_system and parameter.name == "temp_tablespaces":
        # ALTER SYSTEM takes what is yet to be made, without a word (check_temp_tablespaces in tablespace.c).
        return None, False
    parts = {"name": Identifier(*parameter.name.split(".")), "value": Several(tuple(Literal(text) for text in step.value.arguments))}
    return Statement("SET LOCAL {name} TO {value}", parts, f"try {parameter.name}"), False
