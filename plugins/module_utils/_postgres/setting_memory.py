# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration has set before, remembered in the comment of the database that is connected to. Pure.

The comment goes wherever the settings go: into a copied branch, a restored backup, a renamed database. A custom parameter would need a right that no owner
on Neon has, and a file beside the run is gone with its container. Values are remembered as digests: they only have to be recognised, and everybody may read
a database's comment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import typing as t

from .._core.errors import InputError
from .setting_catalogue import Parameter
from .setting_exact import Surplus
from .setting_force import is_left_running
from .setting_model import Scope, SettingState, SettingWanted, Step, unseen
from .setting_secret import passwords_in
from .setting_value import stored_canonical

_PREFIX: t.Final = "dbinfra.postgres remembers the settings of "
# 48 bits: two values of one parameter have to be told apart, nothing more.
_DIGITS: t.Final = 12
# What stands for the database itself in its comment.
_THIS_ONE: t.Final = True

Entries = t.Mapping[tuple[Scope, str], str]


@dataclasses.dataclass(frozen=True)
class Memory:
    """What is remembered under a name.

    :param database: the one whose comment it is. Its own settings are remembered without its name, which may change.
    :param comment: the whole comment of the database, None for none.
    :param writable: whether the login user may write it, as the database's owner may.
    """

    name: str
    database: str
    comment: str | None = None
    writable: bool = True

    @property
    def entries(self) -> Entries:
        """The remembered settings: scope and lower-case name with the digest of the value.

        :raises InputError: if somebody has changed the line.
        """
        found: dict[tuple[Scope, str], str] = {}
        try:
            for line in self._lines():
                for database, role, settings in json.loads(line[len(self._head) :]):
                    scope = Scope(self.database if database is _THIS_ONE else database, role)
                    found.update({(scope, str(name)): str(digest) for name, digest in settings.items()})
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"what is remembered under {self.name!r} cannot be read",
                where="option remember",
                why="somebody has changed that line of the database's comment",
                remedy="Remove the line with COMMENT ON DATABASE. What was set before and is declared no longer then stays as it is",
            ) from None
        return found

    @property
    def of_others(self) -> frozenset[tuple[Scope, str]]:
        """What other declarations remember in the same comment. A line of theirs that cannot be read is their business."""
        found: set[tuple[Scope, str]] = set()
        for line in (self.comment or "").split("\n"):
            name, known = _name_of(line)
            if known and name != self.name:
                with contextlib.suppress(InputError):
                    found |= dataclasses.replace(self, name=name).entries.keys()
        return frozenset(found)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes of what is remembered."""
        return tuple(dict.fromkeys(scope for scope, _name in self.entries))

    def with_entries(self, entries: Entries) -> str | None:
        """Return the comment that remembers these settings; other people's words stay."""
        ours = self._lines()
        rest = [line for line in (self.comment or "").split("\n") if line not in ours]
        by_scope: dict[Scope, dict[str, str]] = {}
        for (scope, name), digest in entries.items():
            by_scope.setdefault(scope, {})[name] = digest
        if by_scope:
            listed = [
                [_THIS_ONE if scope.database == self.database else scope.database, scope.role, dict(sorted(by_scope[scope].items()))]
                for scope in sorted(by_scope, key=lambda item: item.words)
            ]
            rest = [line for line in rest if line or self.comment] + [self._head + json.dumps(listed, separators=(",", ":"))]
        return "\n".join(rest) or None

    @property
    def _head(self) -> str:
        return f"{_PREFIX}{json.dumps(self.name)}: "

    def _lines(self) -> list[str]:
        return [line for line in (self.comment or "").split("\n") if line.startswith(self._head)]


@dataclasses.dataclass(frozen=True)
class Recollection:
    """What follows from a memory for a declaration.

    :param resets: set before, declared no longer, and unchanged since.
    :param changed_since: set before and declared no longer, but not with the value that was set: that one is somebody else's.
    """

    resets: tuple[SettingWanted, ...] = ()
    changed_since: tuple[Surplus, ...] = ()


def _name_of(line: str) -> tuple[str, bool]:
    """Return the name that a line of a comment remembers by, and whether it is such a line."""
    if not line.startswith(_PREFIX):
        return "", False
    try:
        name, _end = json.JSONDecoder().raw_decode(line, len(_PREFIX))
    except ValueError:
        return "", False
    return name, isinstance(name, str)


def recollect(state: SettingState, wanted: t.Sequence[SettingWanted], memory: Memory) -> Recollection:
    """Return what has to be reset because only this declaration had set it. What is there no longer is forgotten.

    :raises InputError: if something of the whole server is to be reset and nobody can see whether it is there.
    """
    declared = {(item.scope, item.name.lower()) for item in wanted}
    gone: list[SettingWanted] = []
    changed: list[Surplus] = []
    for (scope, name), digest in sorted(memory.entries.items(), key=lambda entry: (entry[0][0].words, entry[0][1])):
        item = SettingWanted(name, scope, present=False)
        if (scope, name) in declared:
            continue
        if scope.is_system and not state.file_readable:
            why = f"{state.login_user} may not read pg_file_settings, and it was set before and is declared no longer"
            raise unseen(name, why, where="option remember")
        if scope.is_system and name not in state.in_auto_file:
            if is_left_running(state, state.catalogue.find_kept(name)):
                gone.append(dataclasses.replace(item, name=state.catalogue.find_kept(name).name))
            continue
        if (scope, name) in memory.of_others:
            continue
        text = state.configured(item)
        if text is None:
            continue
        parameter = state.catalogue.find_kept(name)
        if digest == _digest_of(parameter, text):
            gone.append(dataclasses.replace(item, name=parameter.name))
        else:
            changed.append(Surplus(scope, parameter.name, guarded=True))
    return Recollection(tuple(gone), tuple(changed))


def remembered(steps: t.Sequence[Step]) -> Entries:
    """Return what is to be remembered of a declaration: each value that it sets, but none with a password in it."""
    return {
        (step.wanted.scope, step.parameter.name.lower()): _digest_of(step.parameter, step.after or "", step.value.canonical)
        for step in steps
        if step.value is not None and not passwords_in(step.parameter.name, step.value.text)
    }


def check_name(name: str) -> None:
    """Refuse a name that no line of a comment can hold.

    :raises InputError: if it is empty, too long or has a line end.
    """
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InputError(f"{name!r} is no name to remember by", where="option remember", remedy="Give 1 to 100 printable characters")


def require_writable(state: SettingState, memory: Memory) -> None:
    """Refuse early what the server would refuse after everything else was done.

    :raises InputError: if the comment cannot be written.
    """
    if state.standby:
        raise InputError(
            "a standby remembers nothing", where="option remember", why="its databases' comments come from the primary", remedy="Leave it out"
        )
    if not memory.writable:
        raise InputError(
            f"{state.login_user} may not write the comment of database {memory.database}",
            where="option remember",
            why="that takes the database's owner, and there what was set is remembered",
            remedy="Log in as the owner, or leave the option out",
        )


def _digest_of(parameter: Parameter, text: str, canonical: t.Hashable = None) -> str:
    """Return the digest of a configured text. A name with a dot may belong to a library that is loaded at one time and not at another, so its text counts."""
    if "." in parameter.name:
        return _digest(text)
    return _digest(stored_canonical(parameter, text) if canonical is None else canonical)


def _digest(canonical: t.Hashable) -> str:
    return hashlib.sha256(repr(canonical).encode()).hexdigest()[:_DIGITS]
