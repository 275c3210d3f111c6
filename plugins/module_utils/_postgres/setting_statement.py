# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statement that keeps a setting in a scope, or takes it away. Pure."""

from __future__ import annotations

from .setting_model import Scope
from .setting_value import Value
from .statement import Identifier, Literal, Part, Several, Statement


def alter_statement(scope: Scope, name: str, value: Value | None) -> Statement:
    """Return the ALTER statement for one setting; a value of None resets it."""
    parts: dict[str, Part] = {"name": Identifier(*name.split("."))}
    if scope.is_system:
        head = "ALTER SYSTEM"
    elif scope.role is None:
        head = "ALTER DATABASE {database}"
        parts["database"] = Identifier(scope.database or "")
    else:
        head = "ALTER ROLE {role}" + (" IN DATABASE {database}" if scope.database else "")
        parts["role"] = Identifier(scope.role)
        if scope.database:
            parts["database"] = Identifier(scope.database)
    if value is None:
        return Statement(head + " RESET {name}", parts, f"reset {name} for {scope.words}")
    parts["value"] = Several(tuple(Literal(argument) for argument in value.arguments))
    return Statement(head + " SET {name} TO {value}", parts, f"set {name} for {scope.words}")
