# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local Neon is known to do differently from the service, as data.

``kind`` says why: ``limit`` is something one machine or this emulator does not have, ``unverified`` a choice where neither the contract nor the
documentation says what the service does, ``order`` a difference in time or sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEVIATIONS: list[dict[str, str]] = [
    {
        "id": "port-in-uri",
        "kind": "limit",
        "subject": "connection_uri",
        "text": "The URI carries :PORT of this instance; the service listens on 5432. endpoint.host and connection_parameters have no room for a port: "
        "take host and port from the URI, or start the instance with --pg-port 5432.",
    },
    {
        "id": "hosts",
        "kind": "limit",
        "subject": "endpoint.host",
        "text": "Hosts are <endpoint id>.local.localhost and <endpoint id>-pooler.local.localhost, whatever the region.",
    },
    {
        "id": "own-ca",
        "kind": "limit",
        "subject": "TLS",
        "text": "The server certificate comes from the instance's own CA (PGSSLROOTCERT); the service's chain ends in ISRG Root X1.",
    },
    {
        "id": "pooled-channel-binding",
        "kind": "limit",
        "subject": "connection_uri?pooled=true",
        "text": "The pooled URI has no channel_binding=require: PgBouncer cannot do it, the service's proxy can.",
    },
    {
        "id": "operations-not-offered",
        "kind": "limit",
        "subject": "API",
        "text": "Operations of the contract that are not offered answer 501 with code NOT_OFFERED_LOCALLY.",
    },
    {
        "id": "fields-not-offered",
        "kind": "limit",
        "subject": "branches, roles, endpoints",
        "text": "role.no_login, and moving an endpoint to another branch, answer 501.",
    },
    {
        "id": "soft-delete",
        "kind": "limit",
        "subject": "deletes",
        "text": "Deleted projects and branches can be recovered for 7 days, yet only those that hold the 24 clusters deleted last: the machine's disk "
        "is finite. Branches are recovered as the contract says; the service may no longer offer it.",
    },
    {
        "id": "recover-without-parent",
        "kind": "unverified",
        "subject": "POST branch/recover",
        "text": "Answers 409 if the branch's name is taken by now, 422 if its parent does not exist.",
    },
    {
        "id": "expiration-refusals",
        "kind": "unverified",
        "subject": "branch.expires_at",
        "text": "400 for a time that is not RFC 3339 with a zone and whole seconds, not in the future or more than 30 days away; 422 for a protected or "
        "default branch, one with children, a child of one that expires, and for making one that expires protected or the default.",
    },
    {
        "id": "archive",
        "kind": "limit",
        "subject": "branch.archived",
        "text": "Archiving is a state only: nothing becomes slower, no branch is archived for being idle. Starting a compute unarchives. Endpoints made "
        "together with an archived branch are idle; archived with protected answers 422.",
    },
    {
        "id": "restricted-actions",
        "kind": "unverified",
        "subject": "branch.restricted_actions",
        "text": "The contract names restore and delete-rw-endpoint; delete, reset and archive are ours, and so are all reasons.",
    },
    {
        "id": "sql-objects",
        "kind": "limit",
        "subject": "roles, databases",
        "text": "Roles and databases made in SQL do not appear in the API's lists; a branch copies them nevertheless.",
    },
    {
        "id": "sql-passwords",
        "kind": "limit",
        "subject": "role.password",
        "text": "A password changed in SQL does not reach the API: reveal_password goes on answering the old one until reset_password. The service's "
        "documentation says that such a change updates the connection string (its computes forward it unless a session switches that off).",
    },
    {
        "id": "no-system-roles",
        "kind": "limit",
        "subject": "role.protected",
        "text": "No protected system role is listed; cloud_admin and neon_superuser cannot be created, changed or deleted through the API.",
    },
    {
        "id": "settings-stored-only",
        "kind": "limit",
        "subject": "project.settings",
        "text": "maintenance_window, audit_log_level, hipaa and block_vpc_connections are stored and returned, and do nothing.",
    },
    {
        "id": "allowlist",
        "kind": "unverified",
        "subject": "settings.allowed_ips",
        "text": "Clients come from loopback addresses, and every one of them counts as public. A change acts on new connections; those that exist stay. "
        "Entries that are no address, CIDR block or range answer 400.",
    },
    {
        "id": "preload-libraries",
        "kind": "limit",
        "subject": "settings.preload_libraries",
        "text": "Only pg_stat_statements (the default), auto_explain and pg_prewarm are available. use_defaults counts as false where libraries are named "
        "without it.",
    },
    {
        "id": "quota",
        "kind": "unverified",
        "subject": "settings.quota",
        "text": "Starting a compute of a project over quota answers 423, as the vendor's control plane tells its proxy, with code QUOTA_EXCEEDED; so does "
        "creating a compute. Roles and databases can be changed nevertheless. The check comes within a second, on the service with some lag.",
    },
    {
        "id": "quota-logical-size",
        "kind": "limit",
        "subject": "quota.logical_size_bytes",
        "text": "A branch that is too large has default_transaction_read_only on (SQLSTATE 25006), which a session can turn off to delete rows; on the "
        "service a write that extends a file fails (53100, 'could not extend file because project size limit ...'). The size is that of the files.",
    },
    {
        "id": "maintenance-window",
        "kind": "unverified",
        "subject": "settings.maintenance_window",
        "text": "Refused with 400: no or repeated weekdays, days other than 1 to 7, times not of the form HH:MM, and a window without length.",
    },
    {
        "id": "one-machine",
        "kind": "limit",
        "subject": "compute",
        "text": "A compute's size sets max_connections and related parameters; memory and CPU are this machine's.",
    },
    {
        "id": "history",
        "kind": "limit",
        "subject": "history_retention_seconds",
        "text": "Decides which moments can be asked for; WAL is removed with its branch only, and an LSN is not compared with it. A branch's history "
        "begins when it was made or last restored: what was before is its source's or its preserved copy's.",
    },
    {
        "id": "restore-parent",
        "kind": "unverified",
        "subject": "POST restore",
        "text": "A restored branch that was no root has the branch its data come from as its parent (the preserved copy, when restored to its own past); "
        "a restored root branch and its preserved copy are both root branches, and the copy may be deleted. parent_timestamp and parent_lsn show the "
        "point that was restored. Targets outside of the history answer 400. The preserved copy is made with the request, and last_reset_at is the "
        "time when the data are there; it is left out for a branch that was never reset.",
    },
    {
        "id": "snapshots",
        "kind": "unverified",
        "subject": "snapshots",
        "text": "Finalizing a restore exchanges the computes of both branches and also moves default, protection and the backup schedule to the restored "
        "branch; it can be restored to its past and its children reset at once, where the service has them wait. A root branch that is not the one its "
        "project was made with may be deleted. Refusals answer 422, also the one of a manual snapshot too many (100; start has --snapshot-limit).",
    },
    {
        "id": "backup-schedule",
        "kind": "unverified",
        "subject": "backup_schedule",
        "text": "hour defaults to 0, day to 1; weekdays are 1 (Monday) to 7; in a month without that day its last day counts. If several moments of an entry "
        "have passed since the last look, one snapshot is taken. An empty list is refused, so a schedule cannot be removed.",
    },
    {
        "id": "past-roles",
        "kind": "order",
        "subject": "POST branches",
        "text": "The answer of a branch at a past point lists its source's present roles and databases; those of the past are listed once it is made.",
    },
    {
        "id": "counters",
        "kind": "limit",
        "subject": "consumption counters",
        "text": "A compute counts as its smallest size while it is active. Written data is the WAL's length, transfer what the proxy sent to clients, TLS "
        "included. Data is measured every minute, when a compute stops and when a branch or project is asked for. A period is a calendar month.",
    },
    {
        "id": "consumption-history",
        "kind": "unverified",
        "subject": "consumption_history",
        "text": "from and to are rounded down; timeframes end with the present one and begin with the project. Bytes a month are byte-seconds divided by the "
        "month's seconds, 25 branches are included, a child's bytes are the smaller of what was written to it and its size, a root's history is what was "
        "written within the retention. Private traffic and snapshots are 0. Deleted projects are left out.",
    },
    {
        "id": "plan",
        "kind": "limit",
        "subject": "plan",
        "text": "The account is on Scale; PUT /_local/plan changes what users/me says and whom consumption history is offered to, and nothing else.",
    },
    {
        "id": "rate-limits",
        "kind": "limit",
        "subject": "429",
        "text": "700 requests a minute and 40 a second for one operation are enforced only after PUT /_local/limits {enabled: true}: the tests of one machine "
        "are more than one client. They count in sliding windows by the emulator's clock.",
    },
    {
        "id": "one-organization",
        "kind": "limit",
        "subject": "keys",
        "text": "There is one key, of one organization: org_id is inferred. A personal key of the service needs org_id on list and create. users/me answers "
        "nevertheless.",
    },
    {
        "id": "one-major",
        "kind": "limit",
        "subject": "pg_version",
        "text": "Only the PostgreSQL major there are binaries for can be asked for; another one answers 422.",
    },
    {
        "id": "lock-whole-project",
        "kind": "order",
        "subject": "423",
        "text": "Any unfinished operation of a project locks every change in that project; the service lets some run side by side.",
    },
    {
        "id": "delete-at-end",
        "kind": "order",
        "subject": "deletes",
        "text": "A branch, role, database or endpoint that is being deleted stays visible until its last operation has finished.",
    },
    {
        "id": "no-persistence",
        "kind": "limit",
        "subject": "restart",
        "text": "Stopping the local Neon removes all projects.",
    },
    {
        "id": "status-of-refusals",
        "kind": "unverified",
        "subject": "errors",
        "text": "Where the contract names no status: 409 for names that exist and a second read_write endpoint, 422 for deletes that protection, default, "
        "children or ownership forbid, 412 for connection_uri without stored passwords. Codes other than an empty one are ours.",
    },
    {
        "id": "schema-only-delete",
        "kind": "unverified",
        "subject": "DELETE branch",
        "text": "A schema-only branch may be deleted although it is a root branch; the contract forbids deleting 'a project's root branch'.",
    },
    {
        "id": "settings-merge",
        "kind": "unverified",
        "subject": "PATCH project",
        "text": "project.settings and default_endpoint_settings are merged by their top-level key; a given key replaces the stored one whole.",
    },
    {
        "id": "patch-restarts",
        "kind": "unverified",
        "subject": "PATCH endpoint",
        "text": "Only a change of size or settings restarts a running compute; a change of suspend_timeout_seconds alone does not.",
    },
    {
        "id": "pg-settings",
        "kind": "unverified",
        "subject": "endpoint.settings.pg_settings",
        "text": "The contract names no parameter. What this emulator sets itself (max_connections among it) answers 400, every other one is taken and echoed; "
        "pg_settings is replaced as a whole. A compute with a value that PostgreSQL cannot read does not start.",
    },
    {
        "id": "strict",
        "kind": "limit",
        "subject": "validation",
        "text": "In strict mode a request with an undeclared field or query parameter answers 400; the service may ignore it.",
    },
]


def deviations(data_plane: Mapping[str, str]) -> list[dict[str, Any]]:
    """All known deviations.

    :param data_plane: those of the data plane, which depend on the machine: id and text.
    """
    return [*DEVIATIONS, *({"id": name, "kind": "limit", "subject": "data plane", "text": text} for name, text in data_plane.items())]
