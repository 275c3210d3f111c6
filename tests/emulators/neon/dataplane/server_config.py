# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of PostgreSQL's and PgBouncer's configuration files. Pure functions."""

from __future__ import annotations

import datetime
import pathlib
import re
import typing as t

from . import sizing
from .errors import DataPlaneError
from .spec import ComputeSpec

#: Neon's own superuser. Nobody outside of the data plane can log in as this role.
ADMIN_ROLE = "cloud_admin"

#: The port in the name of a second socket, which stays the same whatever port the server has.
STABLE_PORT = 1

# Nothing of a branch's WAL is ever removed while the branch is there: it is the branch's history. In MB.
_KEEP_ALL_WAL = 2_000_000_000

# What a standby must have at least as much of as its primary, with PostgreSQL's own defaults.
_STANDBY_MINIMUMS = {
    "max_connections": 100,
    "max_worker_processes": 8,
    "max_wal_senders": 10,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
}

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")

# What the data plane decides itself, because its own work would break otherwise.
_FIXED = frozenset(
    {
        "port", "listen_addresses", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file", "ssl",
        "ssl_cert_file", "ssl_key_file", "log_min_error_statement", "dynamic_shared_memory_type", "max_connections",
        "superuser_reserved_connections", "include", "include_dir", "include_if_exists", "wal_keep_size", "hot_standby",
        "primary_conninfo", "primary_slot_name", "recovery_target_timeline", "restore_command",
    }
)  # fmt: skip


def unsettable(name: str) -> str | None:
    """Return why a compute cannot be given a server parameter, None if it can."""
    if not _PARAMETER.match(name):
        return "it is no name of a server parameter"
    return "the platform sets it" if name.lower() in _FIXED else None


def quoted(value: t.Any) -> str:
    """Return ``value`` as a quoted string of postgresql.conf. Raises DataPlaneError on a line break, which the format cannot hold."""
    text = ("on" if value else "off") if isinstance(value, bool) else str(value)
    if any(character in text for character in "\n\r\0"):
        raise DataPlaneError("a server parameter's value holds a line break or a zero byte: postgresql.conf cannot hold that")
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _lines(settings: t.Mapping[str, t.Any]) -> str:
    return "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())


def _common(socket_folder: pathlib.Path, port: int, access: tuple[pathlib.Path, pathlib.Path]) -> dict[str, t.Any]:
    hba_file, ident_file = access
    return {
        "port": port,
        "unix_socket_directories": str(socket_folder),
        "hba_file": str(hba_file),
        "ident_file": str(ident_file),
        # As files in the data folder: nothing stays in /dev/shm when a server is killed and its folder removed.
        "dynamic_shared_memory_type": "mmap",
        "shared_buffers": "32MB",
        "max_wal_size": "256MB",
        "min_wal_size": "32MB",
        # A new WAL segment is not filled with zeros first: every cluster would write 16 MB for nothing.
        "wal_init_zero": False,
        "max_replication_slots": 10,
        "max_wal_senders": 10,
        "password_encryption": "scram-sha-256",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        # A failed CREATE ROLE ... PASSWORD must not leave the password in the log.
        "log_min_error_statement": "panic",
        "timezone": "GMT",
        "log_timezone": "GMT",
        # Crash recovery syncs first; one call for the file system is much faster than one for each of a thousand files.
        "recovery_init_sync_method": "syncfs",
    }


def maintenance_conf(socket_folder: pathlib.Path, access: tuple[pathlib.Path, pathlib.Path], *, durable: bool, keep_wal: bool | None = None) -> str:
    """Return the configuration of a cluster that runs only for the data plane's own work: no TCP, few connections.

    ``durable=False`` is for a copy nobody has been given yet: when the machine dies it is thrown away anyway.
    ``keep_wal`` says whether its WAL is history; that of a durable server always is.
    """
    settings = _common(socket_folder, 5432, access) | {
        "listen_addresses": "",
        "max_connections": 20,
        # Emptying a schema-only copy locks every table and sequence of a database in one transaction. Not more than that: a standby
        # would need as many.
        "max_locks_per_transaction": 64 if durable or keep_wal else 4096,
        # A cluster that holds logical slots starts only with this level.
        "wal_level": "logical",
        "fsync": durable,
        "full_page_writes": durable,
        "wal_keep_size": _KEEP_ALL_WAL if durable or keep_wal else 0,
        "wal_recycle": False,
        "autovacuum": False,
    }
    return _lines(settings)


def recovery_conf(
    socket_folder: pathlib.Path,
    access: tuple[pathlib.Path, pathlib.Path],
    *,
    timeline: int,
    at: datetime.datetime | None,
    lsn: str | None,
    keep_wal: bool,
) -> str:
    """Return the configuration of a copy that replays its WAL up to a moment (inclusive) or a position (exclusive) and then opens."""
    recovery = {
        # All WAL is in the copy's own pg_wal already.
        "restore_command": "false",
        "recovery_target_timeline": timeline,
        "recovery_target_action": "promote",
        # An LSN names where a record begins. What pg_current_wal_lsn() says after a commit is where the next one will begin.
        "recovery_target_inclusive": lsn is None,
        "hot_standby": False,
    }
    if at is not None:
        recovery["recovery_target_time"] = at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    if lsn is not None:
        recovery["recovery_target_lsn"] = lsn
    return maintenance_conf(socket_folder, access, durable=False, keep_wal=keep_wal) + _lines(recovery)


def compute_conf(
    spec: ComputeSpec,
    socket_folder: pathlib.Path,
    port: int,
    access: tuple[pathlib.Path, pathlib.Path],
    certificate: tuple[pathlib.Path, pathlib.Path],
) -> str:
    """Return the configuration of a compute: what follows from its size, TLS, then ``spec.pg_settings``.

    Raises DataPlaneError for a parameter that cannot be set on this platform.
    """
    certificate_file, key_file = certificate
    settings = _common(socket_folder, port, access) | {
        # PostgreSQL does TLS over TCP only, therefore a port on the loopback interface; the proxy is in front of it.
        "listen_addresses": "127.0.0.1",
        "max_connections": sizing.max_connections(spec.min_cu, spec.max_cu),
        "superuser_reserved_connections": sizing.SUPERUSER_RESERVED_CONNECTIONS,
        "max_worker_processes": sizing.max_worker_processes(spec.max_cu),
        "maintenance_work_mem": f"{sizing.maintenance_work_mem_kb(spec.min_cu)}kB",
        "wal_level": "replica",
        "wal_keep_size": _KEEP_ALL_WAL,
        "shared_preload_libraries": "pg_stat_statements",
        "ssl": True,
        "ssl_cert_file": str(certificate_file),
        "ssl_key_file": str(key_file),
        "ssl_min_protocol_version": "TLSv1.2",
    }
    for name, value in spec.pg_settings.items():
        reason = unsettable(name)
        if reason is not None:
            raise DataPlaneError(f"endpoint {spec.endpoint_id}: pg_settings may not change {name!r}: {reason}")
        settings[name.lower()] = value
    return _lines(settings)


def standby_minimums(conf: str) -> dict[str, int]:
    """Return what a standby of a server with this configuration needs at least."""
    found = dict(_STANDBY_MINIMUMS)
    for name, value in re.findall(r"^(\w+) = '(\d+)'$", conf, re.MULTILINE):
        if name in found:
            found[name] = int(value)
    return found


def standby_conf(conf: str, minimums: t.Mapping[str, int], primary_socket_folder: pathlib.Path) -> str:
    """Return a compute's configuration made one of a standby that streams from the server in ``primary_socket_folder``."""
    own = standby_minimums(conf)
    settings: dict[str, t.Any] = {name: max(own[name], minimum) for name, minimum in minimums.items()}
    settings |= {
        "hot_standby": True,
        "primary_conninfo": f"host={primary_socket_folder} port={STABLE_PORT} user={ADMIN_ROLE} application_name=replica sslmode=disable",
        # The primary keeps all WAL and may be away for a while.
        "wal_keep_size": 0,
        "wal_retrieve_retry_interval": "500ms",
    }
    return conf + _lines(settings)


def hba(*, tcp: bool) -> str:
    """Return pg_hba.conf: the admin only through the socket and only by its system user, everybody else by SCRAM over TLS."""
    lines = [f"local all,replication {ADMIN_ROLE} peer map=admin", "local all all scram-sha-256"]
    if tcp:
        lines += [f"host all {ADMIN_ROLE} all reject", "hostssl all all 127.0.0.1/32 scram-sha-256"]
    return "\n".join(lines) + "\n"


def ident(system_users: t.Iterable[str]) -> str:
    """Return pg_ident.conf: which system users are the admin."""
    return "".join(f'admin "{name}" {ADMIN_ROLE}\n' for name in sorted(set(system_users)))


def pgbouncer_ini(
    *,
    port: int,
    server_socket_folder: pathlib.Path,
    server_port: int,
    auth_file: pathlib.Path,
    certificate: tuple[pathlib.Path, pathlib.Path],
    connections: int,
    open_files_limit: int,
    knows_prepared_statements: bool,
) -> str:
    """Return pgbouncer.ini with Neon's settings: transaction pooling, SCRAM by look-up in the server, TLS demanded from clients.

    The look-up runs as the admin through the server's socket. It never answers for a superuser or for an expired password.
    """
    certificate_file, key_file = certificate
    lines = [
        "[databases]",
        f"* = host={server_socket_folder} port={server_port} auth_user={ADMIN_ROLE} application_name=pgbouncer",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = scram-sha-256",
        f"auth_user = {ADMIN_ROLE}",
        f"auth_file = {auth_file}",
        "auth_query = SELECT rolname, CASE WHEN rolvaliduntil < pg_catalog.now() THEN NULL ELSE rolpassword END"
        " FROM pg_catalog.pg_authid WHERE rolname = $1 AND rolcanlogin AND NOT rolsuper",
        "client_tls_sslmode = require",
        f"client_tls_cert_file = {certificate_file}",
        f"client_tls_key_file = {key_file}",
        "client_tls_protocols = secure",
        "server_tls_sslmode = disable",
        "pool_mode = transaction",
        f"max_client_conn = {sizing.max_client_connections(open_files_limit, connections)}",
        f"default_pool_size = {sizing.default_pool_size(connections)}",
        "query_wait_timeout = 120",
        "ignore_startup_parameters = extra_float_digits",
        "log_connections = 0",
        "log_disconnections = 0",
    ]
    if knows_prepared_statements:
        lines.append("max_prepared_statements = 1000")
    return "\n".join(lines) + "\n"
