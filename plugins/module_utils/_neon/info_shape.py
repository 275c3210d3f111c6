# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How neon_info shows objects. Pure functions.

Every field is named here. What Neon adds to its answers, and every secret in them, stays out.
"""

from __future__ import annotations

import typing as t

from .._core.masking import masked
from .answers import required
from .records import branch_from, compute_from_settings, database_from, endpoint_from, project_from, role_from
from .snapshot_record import snapshot_from

_SETTINGS: t.Final = (
    "allowed_ips",
    "audit_log_level",
    "block_public_connections",
    "block_vpc_connections",
    "enable_logical_replication",
    "hipaa",
    "maintenance_window",
    "preload_libraries",
    "quota",
)
_OPERATION: t.Final = (
    "id",
    "project_id",
    "branch_id",
    "endpoint_id",
    "action",
    "status",
    "error",
    "failures_count",
    "retry_at",
    "created_at",
    "updated_at",
    "total_duration_ms",
)


def project_shown(data: t.Any) -> dict[str, t.Any]:
    """Return a project."""
    project = project_from(data)
    settings, compute = project.settings or {}, compute_from_settings(project.default_endpoint_settings)
    return {
        "id": project.id,
        "name": project.name,
        "region_id": project.region_id,
        "pg_version": project.pg_version,
        "org_id": project.org_id,
        "store_passwords": project.store_passwords,
        "history_retention_seconds": project.history_retention_seconds,
        "default_compute": {
            "min_cu": compute.min_cu,
            "max_cu": compute.max_cu,
            "suspend_timeout_seconds": compute.suspend_timeout_seconds,
        },
        "settings": {name: settings.get(name) for name in _SETTINGS},
        "created_at": data.get("created_at"),
    }


def branch_shown(data: t.Any, project_id: str) -> dict[str, t.Any]:
    """Return a branch with its annotation in it."""
    branch = branch_from(data, project_id)
    return {
        "id": branch.id,
        "name": branch.name,
        "project_id": branch.project_id,
        "default": branch.default,
        "protected": branch.protected,
        "parent_id": branch.parent_id,
        "parent_lsn": branch.parent_lsn,
        "parent_timestamp": branch.parent_timestamp,
        "init_source": branch.init_source,
        "restored_from": data.get("restored_from"),
        "logical_size": data.get("logical_size"),
        "created_at": data.get("created_at"),
        "expires_at": branch.expires_at,
        "last_reset_at": branch.last_reset_at,
        "state": branch.state,
        "managed": branch.managed,
    }


def compute_shown(data: t.Any, project_id: str) -> dict[str, t.Any]:
    """Return a compute."""
    endpoint = endpoint_from(data, required(data, "branch_id", str, "a compute"))
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "project_id": project_id,
        "branch_id": endpoint.branch_id,
        "type": endpoint.type,
        "host": endpoint.host,
        "pooled_host": endpoint.pooled_host,
        "min_cu": endpoint.compute.min_cu,
        "max_cu": endpoint.compute.max_cu,
        "suspend_timeout_seconds": endpoint.compute.suspend_timeout_seconds,
        "state": endpoint.state,
        "disabled": endpoint.disabled,
        "last_active": data.get("last_active"),
        "created_at": data.get("created_at"),
    }


def role_shown(data: t.Any, project_id: str, branch_id: str) -> dict[str, t.Any]:
    """Return a role, without its password."""
    role = role_from(data, branch_id)
    return {"name": role.name, "project_id": project_id, "branch_id": branch_id, "protected": role.protected}


def database_shown(data: t.Any, project_id: str, branch_id: str) -> dict[str, t.Any]:
    """Return a database."""
    database = database_from(data, branch_id)
    return {"name": database.name, "owner_name": database.owner_name, "project_id": project_id, "branch_id": branch_id}


def operation_shown(data: t.Any) -> dict[str, t.Any]:
    """Return an operation."""
    required(data, "id", str, "an operation")
    required(data, "status", str, "an operation")
    shown = {name: data.get(name) for name in _OPERATION}
    # Neon's own words about what went wrong.
    return {**shown, "error": masked(shown["error"]) if isinstance(shown["error"], str) else None}


def snapshot_shown(data: t.Any, project_id: str) -> dict[str, t.Any]:
    """Return a snapshot."""
    snapshot = snapshot_from(data)
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "project_id": project_id,
        "source_branch_id": snapshot.source_branch_id,
        "lsn": snapshot.lsn,
        "timestamp": snapshot.timestamp,
        "created_at": snapshot.created_at,
        "expires_at": snapshot.expires_at,
        "manual": snapshot.manual,
        "full_size": snapshot.full_size,
    }
