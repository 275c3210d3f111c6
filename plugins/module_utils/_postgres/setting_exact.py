# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is configured without being declared, and which of it an exact declaration may reset. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .setting_force import is_left_running
from .setting_model import Scope, SettingState, SettingWanted

#: Never reset because they are not declared: without them nobody reaches the server, it does not start, or it loses its archive, its standbys or
#: what a cluster manager has agreed on for all nodes (Patroni writes those of the last group itself).
GUARDED: t.Final = frozenset(
    {
        *("port", "listen_addresses", "hba_file", "ident_file", "external_pid_file"),
        *("unix_socket_directories", "unix_socket_group", "unix_socket_permissions"),
        *("shared_preload_libraries", "session_preload_libraries", "local_preload_libraries"),
        *("restore_command", "promote_trigger_file", "hot_standby", "hot_standby_feedback"),
        *("synchronous_standby_names", "synchronous_commit", "synchronized_standby_slots", "sync_replication_slots"),
        *("wal_level", "wal_log_hints", "wal_keep_size", "max_slot_wal_keep_size", "summarize_wal"),
        *("wal_sender_timeout", "max_wal_senders", "max_replication_slots", "max_active_replication_origins", "vacuum_defer_cleanup_age"),
        *("max_logical_replication_workers", "max_sync_workers_per_subscription", "max_parallel_apply_workers_per_subscription"),
        *("wal_retrieve_retry_interval", "idle_replication_slot_timeout"),
        *("max_connections", "max_worker_processes", "max_prepared_transactions", "max_locks_per_transaction"),
        *("track_commit_timestamp", "cluster_name"),
    }
)
_GUARDED_BEGINNINGS: t.Final = ("ssl", "archive_", "recovery_", "primary_", "wal_receiver_", "max_standby_")


@dataclasses.dataclass(frozen=True, order=True)
class Surplus:
    """A configured setting that nobody declared.

    :param guarded: an exact declaration leaves it alone.
    """

    scope: Scope
    name: str
    guarded: bool


def is_guarded(name: str) -> bool:
    """Return whether an exact declaration never resets a parameter."""
    return name.lower() in GUARDED or name.lower().startswith(_GUARDED_BEGINNINGS)


def exact_scopes(wanted: t.Sequence[SettingWanted], more: t.Sequence[Scope]) -> tuple[Scope, ...]:
    """Return the scopes that are exact: those with a declared setting, and those that are named."""
    return tuple(dict.fromkeys([item.scope for item in wanted] + list(more)))


def surplus(state: SettingState, wanted: t.Sequence[SettingWanted], scopes: t.Sequence[Scope]) -> tuple[Surplus, ...]:
    """Return what is configured in the scopes and not declared, sorted.

    For the whole server that is what ALTER SYSTEM has written: a line of postgresql.conf belongs to whoever writes that file.

    :raises InputError: if the whole server is one of the scopes, and what ALTER SYSTEM has written cannot be read.
    :raises NotFoundError: for a scope whose database or role does not exist.
    """
    declared = {(item.scope, item.name.lower()) for item in wanted}
    found: list[Surplus] = []
    for scope in scopes:
        if scope.is_system and not state.file_readable:
            raise InputError(
                "what is configured for the whole server cannot be read, so nobody can say what is there beside the declaration",
                where="option state",
                why=f"{state.login_user} may not read pg_file_settings",
                remedy="Log in as a superuser, grant SELECT on pg_file_settings and EXECUTE on pg_show_all_file_settings(), or use state: present",
            )
        if scope.database and scope.database not in state.databases:
            raise NotFoundError(f"database {scope.database} does not exist", where="option scopes", remedy="Create it first, or correct the name")
        if scope.role and scope.role not in state.roles and not state.assume_roles:
            raise NotFoundError(f"role {scope.role} does not exist", where="option scopes", remedy="Create it first, or correct the name")
        names = set(state.in_auto_file if scope.is_system else state.stored.get(scope, {}))
        if scope.is_system:
            names |= {parameter.name.lower() for parameter in state.catalogue if is_left_running(state, parameter)}
        found += [Surplus(scope, state.catalogue.find_kept(name).name, is_guarded(name)) for name in names if (scope, name) not in declared]
    return tuple(sorted(found, key=lambda item: (item.scope.words, item.name)))


def resets(found: t.Sequence[Surplus]) -> tuple[SettingWanted, ...]:
    """Return what an exact declaration says beside the declared settings: everything else that is not guarded is absent."""
    return tuple(SettingWanted(item.name, item.scope, present=False) for item in found if not item.guarded)
