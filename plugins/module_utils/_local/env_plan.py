# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a dotenv file. Pure; the diff names variables and never shows a value."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from . import dotenv

HIDDEN = "(value hidden)"
WHERE = "option variables of env_file"


@dataclasses.dataclass(frozen=True)
class FileState:
    """What was read.

    :param exists: whether there is a file.
    :param mode: its permission bits, None without a file.
    :param entries: its entries.
    """

    exists: bool
    mode: int | None
    entries: tuple[dotenv.Entry, ...] = dataclasses.field(default=(), repr=False)


def declared_values(variables: t.Mapping[str, t.Any], state: str) -> dict[str, str | None]:
    """Return what each variable shall be: a text, or None for removal.

    :raises InputError: for a bad name, no variables at all, or a value that is neither text nor a whole number.
    """
    if not variables:
        raise InputError("no variable is declared", where=WHERE, remedy="Declare at least one")
    wanted: dict[str, str | None] = {}
    for name, value in variables.items():
        dotenv.check_name(name)
        if state == "absent":
            wanted[name] = None
            continue
        if isinstance(value, bool) or value is None or not isinstance(value, (str, int)):
            what = "no value" if value is None else f"a value of type {type(value).__name__}"
            raise InputError(
                f"{what} is declared",
                where=f"variable {name} of env_file",
                why="YAML reads unquoted words such as yes, null or 1.10 as something else than text",
                remedy="Put the value in quotes" if value is not None else "Put the value in quotes, or remove the variable with state=absent",
            )
        wanted[name] = str(value)
        dotenv.assignment(name, str(value))
    return wanted


def plan_env(state: FileState, wanted: t.Mapping[str, str | None], path: str) -> Plan:
    """Compare the file with what is declared: variables first, then the permissions.

    Variables that are not declared are neither compared nor shown.
    """
    present = dotenv.values(state.entries)
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    changed: list[str] = []
    for name, value in sorted(wanted.items()):
        entry = present.get(name)
        if entry is not None:
            before[name] = HIDDEN
        if value is None:
            if entry is not None:
                changed.append(name)
            continue
        repeated = sum(1 for other in state.entries if other.name == name) > 1
        # None: the readers disagree about what is written there, so it is written anew.
        if entry is not None and entry.value is not None and entry.value == value and not repeated:
            after[name] = HIDDEN
            continue
        after[name] = "(value hidden, changed)" if entry is not None else "(value hidden, new)"
        changed.append(name)
    nothing_wanted = all(value is None for value in wanted.values())
    empties = nothing_wanted and bool(changed) and not dotenv.update(state.entries, wanted).strip()
    shared = state.exists and state.mode is not None and state.mode & 0o077 != 0
    changes: list[Change] = []
    if changed:
        verb = "remove" if empties or nothing_wanted else "write"
        subject = f"{path}, no variable is left" if empties else f"{', '.join(changed)} {'from' if nothing_wanted else 'to'} {path}"
        changes.append(Change(verb, subject, dict(wanted)))
    elif shared:
        changes.append(Change("close", f"{path} to everybody but its owner", dict(wanted)))
    if not changes:
        return Plan()
    mode = {"mode": f"{state.mode:04o}"} if state.mode is not None else {}
    return Plan(
        changes=tuple(changes),
        before={"path": path, **mode, "variables": before} if state.exists else {},
        after={} if empties else {"path": path, "mode": "0600", "variables": after},
    )
