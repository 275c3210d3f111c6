# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of databases and roles that go before a declared one, so that sessions do not get what was declared. Pure.

For a session the server takes the first of: the role's in this database, the role's, the database's, that of all roles, the server's
(pg_db_role_setting, applied by process_settings in postinit.c).
"""

from __future__ import annotations

import typing as t

from .setting_model import Scope, SettingState, SettingWanted, Step
from .setting_secret import without_password
from .setting_value import shown_text, stored_canonical


def overrides(state: SettingState, steps: t.Sequence[Step]) -> tuple[str, ...]:
    """Return a warning for each undeclared setting of a role that gives its sessions another value than the declared one.

    What the declaration itself says of the role is meant, and needs no warning.
    """
    declared = {(step.wanted.scope, step.parameter.name.lower()): step for step in steps}
    return tuple(text for step in steps if step.value is not None for text in _of_step(state, declared, step))


def overridden_by(state: SettingState, steps: t.Sequence[Step], resets: t.Sequence[SettingWanted] = ()) -> list[list[str]]:
    """Return for each declared setting who has another value that goes before it, when the declaration is carried out.

    These are scopes in words, ``all roles`` for ALTER ROLE ALL, and ``command line``.

    :param resets: what is taken away together with it.
    """
    later: dict[str, dict[Scope, t.Hashable]] = {}
    parameters = {step.parameter.name.lower(): step.parameter for step in steps}
    gone = {(item.scope, item.name.lower()) for item in resets if not item.scope.is_system}
    for scope, texts in state.stored.items():
        for name in {name for name in texts.keys() & parameters.keys() if (scope, name) not in gone}:
            later.setdefault(name, {})[scope] = stored_canonical(parameters[name], texts[name])
    for step in steps:
        if not step.wanted.scope.is_system:
            # What is declared for it is what it will have.
            later.setdefault(step.parameter.name.lower(), {})[step.wanted.scope] = None if step.value is None else step.value.canonical
    return [_others(step, later.get(step.parameter.name.lower(), {})) for step in steps]


def _others(step: Step, kept: t.Mapping[Scope, t.Hashable]) -> list[str]:
    if step.value is None:
        return []
    scope = step.wanted.scope
    found = ["command line"] if scope.is_system and step.parameter.source == "command line" else []
    for other, canonical in sorted(kept.items(), key=lambda item: item[0].words):
        if canonical not in (None, step.value.canonical) and _goes_before(other, scope):
            found.append("all roles" if other.is_system else other.words)
    return found


def _goes_before(other: Scope, scope: Scope) -> bool:
    """Return whether there are sessions for which what is kept for another scope goes before that of a scope."""
    if scope.is_system:
        # The scope without a name is ALTER ROLE ALL there.
        return True
    if scope.role is None:
        return other.role is not None and other.database in (None, scope.database)
    return scope.database is None and other.role == scope.role and other.database is not None


def _of_step(state: SettingState, declared: t.Mapping[tuple[Scope, str], Step], step: Step) -> t.Iterator[str]:
    scope, name = step.wanted.scope, step.parameter.name.lower()
    if scope.is_system:
        # Only what there is for all roles leaves nobody the server's value: others refine it, which is what a default is for.
        text = state.stored.get(Scope(), {}).get(name)
        if text is not None and step.value is not None and stored_canonical(step.parameter, text) != step.value.canonical:
            shown = shown_text(step.parameter, without_password(name, text))
            yield (
                f"ALTER ROLE ALL has set {step.parameter.name} = {shown!r}, which goes before the declared {without_password(name, step.value.text)!r} of the "
                "whole server: no session gets the declared value. Reset it with ALTER ROLE ALL"
            )
        return
    if scope.role is None and scope.database is not None:
        # What is in force for a role is the first that there is.
        orders = [[Scope(scope.database, role), Scope(None, role)] for role in sorted(state.logins)]
    elif scope.role is not None and scope.database is None:
        orders = [[other] for other in sorted(state.stored, key=str) if other.role == scope.role and other.database is not None]
    else:
        # Nothing goes before a role's setting in a database.
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
