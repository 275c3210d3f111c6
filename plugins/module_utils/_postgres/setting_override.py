# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of roles that go before a declared one, so that sessions do not get what was declared. Pure.

For a session the server takes the first of: the role's in this database, the role's, the database's, that of all roles, the server's
(pg_db_role_setting, applied by process_settings in postinit.c).
"""

from __future__ import annotations

import typing as t

from .setting_model import Scope, SettingState, Step
from .setting_value import shown_text, stored_canonical


def overrides(state: SettingState, steps: t.Sequence[Step]) -> tuple[str, ...]:
    """Return a warning for each undeclared setting of a role that gives its sessions another value than the declared one.

    What the declaration itself says of the role is meant, and needs no warning.
    """
    declared = {(step.wanted.scope, step.parameter.name.lower()): step for step in steps}
    return tuple(text for step in steps if step.value is not None for text in _of_step(state, declared, step))


def _of_step(state: SettingState, declared: t.Mapping[tuple[Scope, str], Step], step: Step) -> t.Iterator[str]:
    scope, name = step.wanted.scope, step.parameter.name.lower()
    if scope.role is None and scope.database is not None:
        # What is in force for a role is the first that there is.
        orders = [[Scope(scope.database, role), Scope(None, role)] for role in sorted(state.logins)]
    elif scope.role is not None and scope.database is None:
        orders = [[other] for other in sorted(state.stored, key=str) if other.role == scope.role and other.database is not None]
    else:
        # Nothing goes before a role's setting in a database. A server's settings are defaults, meant to be refined.
        return
    for order in orders:
        for other in order:
            own = declared.get((other, name))
            if own is not None and own.wanted.present:
                break
            text = None if own is not None else state.stored.get(other, {}).get(name)
            if text is None:
                continue
            if step.value is not None and stored_canonical(step.parameter, text) != step.value.canonical:
                yield _warning(step, other, text)
            break


def _warning(step: Step, other: Scope, text: str) -> str:
    role, name = other.role, step.parameter.name
    place = f" in database {other.database}" if other.database else ""
    shown = shown_text(step.parameter, text)
    declared = step.value.text if step.value is not None else ""
    return (
        f"role {role} has its own {name} = {shown!r}{place}, which goes before the declared {declared!r} of {step.wanted.scope.words}: "
        "its sessions do not get the declared value. Declare a value for the role as well, or reset its own with ALTER ROLE"
    )
