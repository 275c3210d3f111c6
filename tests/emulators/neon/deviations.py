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
        "text": "branch.parent_lsn, parent_timestamp, role.no_login, and moving an endpoint to another branch answer 501.",
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
        "text": "Stored and returned; there is no history to go back to.",
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
