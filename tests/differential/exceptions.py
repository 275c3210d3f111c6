# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where our verdict may differ from the server's, as data: by name and with the reason. A test fails for one that differs no more."""

from __future__ import annotations

#: What only the server can know: it may refuse a value that we let pass, and show it in other words, never the other way round. At most 20.
#: With the last major version that does so.
ONLY_THE_SERVER_KNOWS: dict[str, tuple[int, str]] = {
    "autovacuum_max_workers": (17, "its sum with three other parameters is limited"),
    "bonjour": (18, "the server may be built without it"),
    "client_encoding": (18, "there must be a conversion from the database's encoding"),
    "default_table_access_method": (18, "it is looked up in the database"),
    "default_tablespace": (18, "it is looked up in the cluster"),
    "default_text_search_config": (18, "it is looked up in the database"),
    "lc_messages": (18, "the operating system has its locales"),
    "lc_monetary": (18, "the operating system has its locales"),
    "lc_numeric": (18, "the operating system has its locales"),
    "lc_time": (18, "the operating system has its locales"),
    "log_timezone": (18, "the server's host has its time zones"),
    "max_connections": (17, "its sum with three other parameters is limited"),
    "max_stack_depth": (18, "the operating system's limit of the server process"),
    "max_wal_senders": (17, "its sum with three other parameters is limited"),
    "max_worker_processes": (17, "its sum with three other parameters is limited"),
    "recovery_target_time": (18, "it is read like any text for a time stamp, with the server's time zones"),
    "temp_tablespaces": (18, "they are looked up in the cluster"),
    "TimeZone": (18, "the server's host has its time zones"),
    "timezone_abbreviations": (18, "it is a file on the server's host"),
    "wal_consistency_checking": (18, "extensions bring resource managers of their own"),
}

#: What we refuse although the server takes it: it looks at these when it starts, or when a session begins, and then fails.
REFUSED_ON_PURPOSE: dict[str, str] = {
    "listen_addresses": "the server would not start with a broken list",
    "local_preload_libraries": "no session could begin with a library without a name",
    "oauth_validator_libraries": "no token could be validated by a library without a name",
    "session_preload_libraries": "no session could begin with a library without a name",
    "shared_preload_libraries": "the server would not start with a library without a name",
    "unix_socket_directories": "the server would not start with a folder without a name",
}

#: Paths that are shown as the server's, which makes them absolute when it starts.
SHOWN_ABSOLUTE = ("hba_file", "ident_file")
