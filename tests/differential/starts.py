# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of a whole server with which it starts, or does not: what is configured already, what is declared, and the versions, as data.

The server of the tests has wal_level = logical, max_prepared_transactions = 2 and superuser_reserved_connections = 7 in postgresql.conf,
listens on localhost, has no directory for sockets, and has TLS. Files of TLS without a path are those of tls_files.py. Each rule is there with values that break it and, as far as a machine
for tests can start such a server, with the nearest ones that do not.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Start:
    """:param declared: None for a setting that is reset.

    :param starts: whether the server does.
    """

    declared: dict[str, t.Any]
    starts: bool
    configured: dict[str, str] = dataclasses.field(default_factory=dict)
    first: int = 14
    last: int = 99


_NO_SENDERS = {"max_wal_senders": "0"}

STARTS: tuple[Start, ...] = (
    Start({"max_connections": 7}, False),
    Start({"max_connections": 8}, True),
    Start({"superuser_reserved_connections": 100}, False),
    Start({"superuser_reserved_connections": 5, "max_connections": 10}, False, {"reserved_connections": "5"}, first=16),
    Start({"superuser_reserved_connections": 5, "max_connections": 10}, True, {"reserved_connections": "4"}, first=16),
    Start({"max_connections": None}, True, {"max_connections": "5"}),
    Start({"wal_level": "minimal"}, False),
    Start({"wal_level": "MINIMAL", "max_wal_senders": 0}, True),
    Start({"wal_level": "minimal"}, True, _NO_SENDERS),
    Start({"max_wal_senders": 1}, False, {"wal_level": "minimal", **_NO_SENDERS}),
    Start({"max_wal_senders": None}, False, {"wal_level": "minimal", **_NO_SENDERS}),
    Start({"wal_level": None, "max_wal_senders": None}, True, {"wal_level": "minimal", **_NO_SENDERS}),
    Start({"archive_mode": "on"}, False, {"wal_level": "minimal", **_NO_SENDERS}),
    Start({"wal_level": "minimal", "archive_mode": "always", "max_wal_senders": 0}, False),
    Start({"archive_mode": "always"}, True, {"wal_level": "replica"}),
    Start({"summarize_wal": True}, False, {"wal_level": "minimal", **_NO_SENDERS}, first=17),
    Start({"summarize_wal": True}, True, {"wal_level": "replica"}, first=17),
    Start({"min_wal_size": "31MB"}, False),
    Start({"min_wal_size": "32MB"}, True),
    Start({"max_wal_size": 31}, False),
    Start({"max_wal_size": "32768kB"}, True),
    Start({"listen_addresses": ""}, False),
    Start({"listen_addresses": "", "unix_socket_directories": "/tmp"}, True),
    Start({"huge_pages": "on", "shared_memory_type": "sysv"}, False),
    Start({"huge_pages": "try", "shared_memory_type": "sysv"}, True),
    Start({"recovery_target_name": "before"}, False, {"recovery_target": "immediate"}),
    Start({"recovery_target_xid": "5", "recovery_target_lsn": "0/5"}, False),
    Start({"recovery_target_name": "before"}, True),
    Start({"recovery_target": None, "recovery_target_name": "before"}, True, {"recovery_target": "immediate"}),
    Start({"log_statement_stats": "on", "log_parser_stats": "on"}, False),
    Start({"log_statement_stats": "on"}, False, {"log_executor_stats": "on"}),
    Start({"log_parser_stats": "on", "log_planner_stats": "on", "log_executor_stats": "on"}, True),
    Start({"max_connections": 200000, "max_worker_processes": 100000}, False),
    Start({"autovacuum_worker_slots": 262100}, False, first=18),
    Start({"autovacuum_max_workers": 262100}, False, last=17),
    Start({"ssl_min_protocol_version": "TLSv1.3"}, False, {"ssl_max_protocol_version": "TLSv1.2"}),
    Start({"ssl_min_protocol_version": "TLSv1.3", "ssl": "off"}, True, {"ssl_max_protocol_version": "TLSv1.2"}),
    Start({"ssl_max_protocol_version": "TLSv1.2", "ssl_min_protocol_version": "TLSv1.2"}, True),
    Start({"ssl_cert_file": "nowhere.crt"}, False),
    Start({"ssl_key_file": "/nowhere/server.key"}, False),
    Start({"ssl_ca_file": "/nowhere/ca.crt"}, False),
    Start({"ssl_crl_file": "/nowhere/crl.pem"}, False),
    Start({"ssl": "on"}, False, {"ssl": "off", "ssl_cert_file": "/nowhere/x.pem"}),
    Start({"ssl_ca_file": "/nowhere/ca.crt", "ssl": False}, True),
    Start({"ssl_key_file": "other.key"}, False),
    Start({"ssl_key_file": "other.key", "ssl": False}, True),
    Start({"ssl_key_file": "of-another-kind.key"}, False),
    Start({"ssl_key_file": "two.key"}, False),
    Start({"ssl_key_file": "behind-its-certificate.key"}, True),
    Start({"ssl_key_file": "locked.key"}, False),
    Start({"ssl_key_file": "locked.key"}, True, {"ssl_passphrase_command": "echo open-it"}),
    Start({"ssl_passphrase_command": None}, False, {"ssl_passphrase_command": "echo open-it", "ssl_key_file": "locked.key"}),
    Start({"ssl_key_file": "forbidden.key"}, False),
    Start({"ssl_key_file": "note.txt"}, False),
    Start({"ssl_cert_file": "note.txt"}, False),
    Start({"ssl_cert_file": "certificate.der"}, False),
    Start({"ssl_ca_file": "note.txt"}, False),
    Start({"ssl": "on"}, False, {"ssl": "off", "ssl_key_file": "other.key"}),
    Start({"hba_file": "/nowhere/pg_hba.conf"}, False),
    Start({"ident_file": "/nowhere/pg_ident.conf"}, True),
    Start({"shared_preload_libraries": ["auto_explain", "no_such_library"]}, False),
    Start({"shared_preload_libraries": "no_such_library, pg_stat_statements"}, False),
    Start({"shared_preload_libraries": ["auto_explain", "$libdir/pg_stat_statements"]}, True),
    Start({"shared_preload_libraries": "auto_explain"}, False, {"dynamic_library_path": "/nowhere"}),
    Start({"dynamic_library_path": "/nowhere"}, False, {"shared_preload_libraries": "auto_explain"}),
    Start({"shared_preload_libraries": []}, True, {"shared_preload_libraries": "auto_explain"}),
    Start({"autovacuum_max_workers": 20}, True, first=18),
    Start({"archive_command": "true", "archive_library": "basic_archive", "archive_mode": "on"}, True, first=16),
)
