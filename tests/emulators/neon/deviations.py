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
        "text": "branch.expires_at and archived, role.no_login, and moving an endpoint to another branch answer 501.",
    },
    {
        "id": "soft-delete",
        "kind": "limit",
        "subject": "deletes",
        "text": "Deleted projects and branches are gone at once: recoverable=true and include_deleted list nothing more, recover answers 501.",
    },
    {
        "id": "sql-objects",
        "kind": "limit",
        "subject": "roles, databases",
        "text": "Roles and databases made in SQL do not appear in the API's lists; a branch copies them nevertheless.",
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
        "text": "allowed_ips, quota, maintenance_window, block_public_connections, audit_log_level, hipaa and preload_libraries are stored and returned, "
        "not enforced. enable_logical_replication acts on wal_level.",
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
        "point that was restored. Targets outside of the history answer 400.",
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
        "id": "consumption-zero",
        "kind": "limit",
        "subject": "consumption",
        "text": "Consumption counters (active_time, compute_time_seconds, written_data_bytes, ...) are 0.",
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
