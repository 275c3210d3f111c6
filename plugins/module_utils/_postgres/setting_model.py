# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``pg_setting`` is told and what it finds: scopes, declared settings, the state of a server. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .setting_backend import Backend, backend_of
from .setting_catalogue import Catalogue, Parameter
from .setting_value import Value


@dataclasses.dataclass(frozen=True, order=True)
class Scope:
    """Where a setting is kept: the whole server if both are None."""

    database: str | None = None
    role: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether it is the whole server."""
        return self.database is None and self.role is None

    @property
    def words(self) -> str:
        """The scope for people, and in results."""
        if self.is_system:
            return "system"
        if self.role is None:
            return f"database {self.database}"
        return f"role {self.role}" + (f" in database {self.database}" if self.database else "")


@dataclasses.dataclass(frozen=True)
class SettingWanted:
    """One declared setting.

    :param value: a YAML scalar or a list; not looked at when ``present`` is false.
    """

    name: str
    scope: Scope
    value: t.Any = None
    present: bool = True


def is_default(value: t.Any) -> bool:
    """Tell whether a declared value is the SQL word DEFAULT: ``SET name TO DEFAULT`` is ``RESET name``, in any scope (gram.y, generic_set)."""
    return isinstance(value, str) and value.upper() == "DEFAULT"


def unseen(name: str, why: str, *, where: str | None = None) -> InputError:
    """Return the error for a setting of the whole server of which nobody can say what is configured."""
    return InputError(
        f"what is configured for the whole server of {name} cannot be seen",
        where=where,
        why=why,
        remedy="Log in as a superuser, or grant SELECT on pg_file_settings and EXECUTE on pg_show_all_file_settings()",
    )


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a server keeps over its restart and can start only with if there is room for it.

    :param logical_slots: names of the logical replication slots; likewise ``physical_slots``. Temporary ones do not outlive a restart.
    :param prepared: number of prepared transactions.
    :param origins: number of replication origins with a state, which subscriptions have, for example.
    :param on_standby: on a standby, the running values that its primary's are not above.
    :param missing: files that settings name and that are not there, per lower-case name of the parameter.
    :param unfit: what is wrong with the contents of a file of TLS, per lower-case name of the parameter; of two that do not belong together it is
        that of the key, and ``ssl`` if they are of different kinds.
    :param remarks: what there is to say of the files of TLS beside that, for warnings.
    """

    logical_slots: tuple[str, ...] = ()
    physical_slots: tuple[str, ...] = ()
    prepared: int = 0
    origins: int = 0
    on_standby: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    missing: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    unfit: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SettingState:
    """What a server has.

    :param stored: per scope and lower-case name the text of pg_db_role_setting.
    :param spelled: of stored parameters that a session may not know, the spelling that they are stored with: the server takes away only that one
        (GUCArrayDelete in guc.c). Per scope and lower-case name, where it differs.
    :param logins: the roles with settings of their own whose sessions a declared setting is meant for.
    :param file_text: per lower-case name the text of the last line of the configuration files, or what the provider's API shows.
    :param below_text: the same without the lines of postgresql.auto.conf, which come last: what counts after ALTER SYSTEM RESET.
    :param in_auto_file: lower-case names with a line in postgresql.auto.conf, or in the provider's API.
    :param file_readable: whether pg_file_settings may be read; without it the running value stands for the configured one.
    :param file_errors: the server's words about the last line of a parameter, per lower-case name.
    :param unreadable_lines: the lines for which the server ignores a whole reload, with its words.
    :param databases: those of the declared ones that exist; likewise ``roles``.
    :param settable: lower-case names of superuser parameters that the login user may set; likewise ``alterable``, by ALTER SYSTEM.
    :param may_reload: whether the login user may reload the configuration.
    :param foreign_databases: databases that the login user may not set anything for, with their owners.
    :param foreign_roles: roles that it may not set anything for, with what it lacks: SUPERUSER, CREATEROLE, ADMIN (the role with admin option).
    :param kept: what else there is on the server that has to fit its settings.
    :param refused: what the server says about a value that it was asked to try, per scope and lower-case name.
    :param seen: whether this was read from a server; else it is one on which nothing is known to be configured.
    :param assume_roles: in check mode a role may be one that an earlier task would make.
    """

    catalogue: Catalogue
    provider: str
    login_user: str
    login_superuser: bool = False
    stored: t.Mapping[Scope, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    spelled: t.Mapping[tuple[Scope, str], str] = dataclasses.field(default_factory=dict)
    logins: frozenset[str] = frozenset()
    file_text: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    below_text: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    in_auto_file: frozenset[str] = frozenset()
    file_readable: bool = True
    file_errors: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unreadable_lines: tuple[str, ...] = ()
    databases: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    settable: frozenset[str] = frozenset()
    alterable: frozenset[str] = frozenset()
    may_reload: bool = True
    foreign_databases: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    foreign_roles: t.Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    kept: Kept = dataclasses.field(default_factory=Kept)
    refused: t.Mapping[tuple[Scope, str], str] = dataclasses.field(default_factory=dict)
    standby: bool = False
    alter_system_allowed: bool = True
    seen: bool = True
    assume_roles: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def backend(self) -> Backend:
        """Where the settings of the whole server are kept."""
        return backend_of(self.provider)

    @property
    def files_seen(self) -> bool:
        """Whether it is known what stands in the configuration files of a server that runs."""
        return self.seen and self.file_readable and self.backend.by_sql

    def keeps(self, wanted: SettingWanted) -> bool:
        """Return whether something is kept in a scope that a reset would take away."""
        names: t.Container[str] = self.in_auto_file if wanted.scope.is_system else self.stored.get(wanted.scope, {})
        return wanted.name.lower() in names

    def configured(self, wanted: SettingWanted) -> str | None:
        """Return the configured text in a scope, None for none.

        :raises InputError: where neither the files nor the server's running value can be seen.
        """
        name = wanted.name.lower()
        if not wanted.scope.is_system:
            return self.stored.get(wanted.scope, {}).get(name)
        if self.file_readable:
            return self.file_text.get(name)
        parameter = self.catalogue.find_kept(wanted.name)
        if self.seen and not parameter.of_server:
            raise unseen(parameter.name, f"{self.login_user} may not read pg_file_settings, and what this session runs is not the server's value")
        return parameter.running if parameter.source != "default" else None


@dataclasses.dataclass(frozen=True)
class Step:
    """A declared setting together with what it means on the server.

    :param below: for the whole server, the text that counts once ALTER SYSTEM's line is gone.
    :param behind: what is configured for the whole server is not what it runs, though a reload would make it so.
    """

    wanted: SettingWanted
    parameter: Parameter
    value: Value | None
    before: str | None
    differs: bool
    below: str | None = None
    behind: bool = False

    @property
    def needs_reload(self) -> bool:
        """Whether a reload would put in force what is configured already."""
        return self.behind and not self.differs

    @property
    def after(self) -> str | None:
        """The text that will be configured; what is equal keeps its text."""
        if not self.differs:
            return self.before
        return self.value.text if self.value is not None else self.below
