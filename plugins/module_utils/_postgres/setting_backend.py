# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where settings of the whole server are kept, by provider, and what such a place takes. Pure.

Settings of databases and roles are SQL everywhere, so a backend is about the whole server only. A backend that is not written by SQL is reached
through :class:`ServerSettings`, which the provider's package implements.
"""

from __future__ import annotations

import typing as t

from .._core.errors import InputError
from .setting_catalogue import Parameter

#: Contexts of parameters that a session could change for itself; only these may be kept for a database or a role.
SESSION_CONTEXTS: t.Final = ("user", "superuser")

WHY_NOT_IN_SESSION: t.Final = {
    "internal": "it is fixed when the server is built or its cluster is made",
    "postmaster": "it takes effect only when the server starts",
    "sighup": "it belongs to the whole server",
    "backend": "it cannot change after a connection has begun",
    "superuser-backend": "it cannot change after a connection has begun",
}

#: Parameters that no ALTER SYSTEM may set although their context allows it.
_NEVER_BY_ALTER_SYSTEM: t.Final = frozenset({"data_directory", "config_file", "allow_alter_system"})

#: What belongs to a session, a role or a database, and that no configuration file may hold (GUC_DISALLOW_IN_FILE in guc_tables.c).
_NEVER_IN_FILES: t.Final = frozenset({"role", "session_authorization"})

_OF_SIZE: t.Final = "It follows from the compute's size, or is changed by Neon's support on paid plans"
_OF_NEON: t.Final = "Neon's support may change it on paid plans"

#: What Neon sets itself for a whole compute, with what to do instead. The sizes, and most of the others, are the table of the vendor's page on
#: compatibility (January 2025), the rest is how a compute is reached and where its data is. That the API refuses max_connections is what the vendor says in
#: neondatabase/website#1756. The API's contract names no parameter at all, so everything else is for Neon to take or refuse.
_NEONS_OWN: t.Final[dict[str, str]] = {
    **dict.fromkeys(
        ("max_connections", "maintenance_work_mem", "shared_buffers", "max_worker_processes", "superuser_reserved_connections"), _OF_SIZE
    ),
    "shared_preload_libraries": "Choose the libraries in the compute's preload_libraries at Neon",
    "wal_level": "Switch logical replication on for the project at Neon",
    **dict.fromkeys(
        (
            *(
                "fsync",
                "full_page_writes",
                "synchronous_standby_names",
                "wal_log_hints",
                "wal_sender_timeout",
                "wal_keep_size",
                "restart_after_crash",
            ),
            *("max_replication_slots", "max_wal_senders", "hot_standby", "restore_command", "dynamic_shared_memory_type"),
            *("port", "listen_addresses", "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "allow_alter_system"),
            *("unix_socket_directories", "unix_socket_group", "unix_socket_permissions"),
        ),
        _OF_NEON,
    ),
}
_NEONS_OWN_BEGINNINGS: t.Final = ("ssl", "neon.", "archive_", "recovery_", "primary_")


class ServerSettings(t.Protocol):
    """A provider's API for the settings of one whole server."""

    def read(self) -> t.Mapping[str, str]:
        """Return what is configured there, by lower-case name."""

    def write(self, settings: t.Mapping[str, str | None]) -> None:
        """Configure the named settings, None takes one away; return when the provider is done and shows them.

        :raises DbinfraError: if the provider refuses one of them; then none is changed.
        """

    def restart(self) -> None:
        """Restart the server and wait for it."""


class Backend(t.Protocol):
    """What a place for settings of the whole server takes.

    :ivar words: the place, for people.
    :ivar by_sql: written by ALTER SYSTEM, with its rights and its reload; else handed over to :class:`ServerSettings` as a whole.
    """

    words: t.ClassVar[str]
    by_sql: t.ClassVar[bool]

    def refusal(self, parameter: Parameter, major: int) -> InputError | None:
        """Return why the place does not take a parameter, None if nothing speaks against it."""

    def narrowed(self, parameter: Parameter) -> bool:
        """Return whether a parameter that is declared for the whole server has to be kept for the database instead, and can be."""


class AlterSystem:
    """A server that whoever may do so configures by SQL."""

    words = "ALTER SYSTEM"
    by_sql = True

    def refusal(self, parameter: Parameter, major: int) -> InputError | None:
        """See :class:`Backend`."""
        name = parameter.name
        if name in _NEVER_IN_FILES:
            return _not_in_files(name)
        if parameter.context == "internal" or name.lower() in _NEVER_BY_ALTER_SYSTEM:
            return InputError(f"{name} cannot be set by ALTER SYSTEM", why=WHY_NOT_IN_SESSION.get(parameter.context), remedy="Leave it out")
        if parameter.custom and major < 17:
            return InputError(
                f"the server does not know {name}",
                why=f"ALTER SYSTEM of PostgreSQL {major} takes only names of loaded extensions",
                remedy="Load the extension first, or name a database or a role",
            )
        return None

    def narrowed(self, parameter: Parameter) -> bool:
        """See :class:`Backend`."""
        return False


class NeonCompute:
    """A compute of Neon: no ALTER SYSTEM, but the API's ``settings.pg_settings`` of the endpoint."""

    words = "Neon's API"
    by_sql = False

    def refusal(self, parameter: Parameter, major: int) -> InputError | None:
        """See :class:`Backend`."""
        if parameter.context == "internal":
            return InputError(f"{parameter.name} cannot be set", why=WHY_NOT_IN_SESSION["internal"], remedy="Leave it out")
        if parameter.name in _NEVER_IN_FILES:
            return _not_in_files(parameter.name)
        remedy = _neons_own(parameter)
        if remedy is None:
            return None
        return InputError(
            f"{parameter.name} cannot be set for the whole server on Neon",
            why="Neon has no ALTER SYSTEM, and sets this one itself",
            remedy=f"Leave it out. {remedy}",
        )

    def narrowed(self, parameter: Parameter) -> bool:
        """See :class:`Backend`. What takes a superuser no owner on Neon may keep for a database."""
        return _neons_own(parameter) is not None and parameter.context == "user" and not parameter.custom


ALTER_SYSTEM: t.Final = AlterSystem()
# A provider that is not listed is asked by SQL, and says itself what its users may not do.
_BACKENDS: t.Final[dict[str, Backend]] = {"neon": NeonCompute()}


def backend_of(provider: str) -> Backend:
    """Return where a provider keeps the settings of a whole server."""
    return _BACKENDS.get(provider, ALTER_SYSTEM)


def _not_in_files(name: str) -> InputError:
    return InputError(
        f"{name} cannot be set for the whole server", why="no configuration file may hold it", remedy="Leave it out, or name a role or a database"
    )


def _neons_own(parameter: Parameter) -> str | None:
    name = parameter.name.lower()
    return _OF_NEON if name.startswith(_NEONS_OWN_BEGINNINGS) else _NEONS_OWN.get(name)
