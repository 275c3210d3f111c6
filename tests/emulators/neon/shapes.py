# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State as the JSON the contract describes. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from .metering import period_start
from .rules import restricted_actions
from .state import Branch, Database, DeletedBranch, Endpoint, Operation, Project, Role, Snapshot

Json = dict[str, Any]
GIB = 1024**3
BRANCH_SIZE_LIMIT_BYTES = 16 * 1024 * GIB
PLATFORM = "aws"
PROVISIONER = "k8s-neonvm"
CREATION_SOURCE = "console"


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds, as the service writes it."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _present(values: Json) -> Json:
    """Without the keys that have no value: the service leaves optional fields out rather than sending null."""
    return {name: value for name, value in values.items() if value is not None}


def project_list_item(project: Project, domain: str) -> Json:
    """A project as in ``GET /projects``."""
    return {
        "id": project.id,
        "platform_id": PLATFORM,
        "region_id": project.region_id,
        "name": project.name,
        "provisioner": PROVISIONER,
        "default_endpoint_settings": project.default_endpoint_settings,
        "settings": project.settings,
        "pg_version": project.pg_version,
        "proxy_host": domain,
        "branch_logical_size_limit": BRANCH_SIZE_LIMIT_BYTES // 1024**2,
        "branch_logical_size_limit_bytes": BRANCH_SIZE_LIMIT_BYTES,
        "store_passwords": project.store_passwords,
        "active_time": project.usage.active_time_seconds,
        "cpu_used_sec": project.usage.compute_time_seconds,
        "creation_source": CREATION_SOURCE,
        "history_retention_seconds": project.history_retention_seconds,
        "created_at": stamp(project.created_at),
        "updated_at": stamp(project.updated_at),
        "synthetic_storage_size": sum(branch.logical_size or 0 for branch in project.branches.values()),
        "owner_id": project.org_id,
        "org_id": project.org_id,
    }


def project(item: Project, domain: str, now: datetime) -> Json:
    """A project as in ``GET /projects/{project_id}``."""
    month = period_start(now)
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    shape = project_list_item(item, domain)
    del shape["active_time"]
    shape |= {
        "data_storage_bytes_hour": item.storage_bytes_hour,
        **asdict(item.usage),
        "consumption_period_start": stamp(month),
        "consumption_period_end": stamp(following),
    }
    return shape


def branch(item: Branch, owner: Project) -> Json:
    """A branch; a deleted one with what is known about its recovery."""
    deleted = owner.deleted_branches.get(item.id)
    return _present(
        {
            "id": item.id,
            "project_id": item.project_id,
            "parent_id": item.parent_id,
            "parent_lsn": item.parent_lsn,
            "parent_timestamp": stamp(item.parent_timestamp) if item.parent_timestamp else None,
            "name": item.name,
            "current_state": item.current_state,
            "pending_state": item.pending_state,
            "state_changed_at": stamp(item.state_changed_at),
            "logical_size": item.logical_size,
            "creation_source": CREATION_SOURCE,
            "primary": item.id == owner.default_branch_id,
            "default": item.id == owner.default_branch_id,
            "protected": item.protected,
            "cpu_used_sec": item.usage.compute_time_seconds,
            **asdict(item.usage),
            "created_at": stamp(item.created_at),
            "updated_at": stamp(item.updated_at),
            "last_reset_at": stamp(item.last_reset_at) if item.last_reset_at else None,
            "init_source": item.init_source,
            "restore_status": item.restore_status,
            "restored_from": item.restored_from,
            "restored_as": item.restored_as,
            "expires_at": stamp(item.expires_at) if item.expires_at else None,
            "ttl_interval_seconds": item.ttl_interval_seconds,
            "restricted_actions": (None if deleted else restricted_actions(owner, item)) or None,
            "recovery": _recovery(deleted) if deleted else None,
        }
    )


def _recovery(deleted: DeletedBranch) -> Json:
    return {"deleted_at": stamp(deleted.deleted_at), "recoverable_until": stamp(deleted.recoverable_until), "deletion_method": deleted.method}


def snapshot(item: Snapshot) -> Json:
    """A snapshot."""
    return _present(
        {
            "id": item.id,
            "name": item.name,
            "lsn": item.lsn,
            "timestamp": stamp(item.timestamp) if item.timestamp else None,
            "source_branch_id": item.source_branch_id,
            "created_at": stamp(item.created_at),
            "expires_at": stamp(item.expires_at) if item.expires_at else None,
            "manual": item.manual,
            "full_size": item.full_size,
            "diff_size": item.diff_size,
        }
    )


def annotation(item: Branch) -> Json:
    """A branch's annotation."""
    return {
        "object": {"type": "console/branch", "id": item.id},
        "value": item.annotations,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.created_at),
    }


def endpoint(item: Endpoint, owner: Project, host: str, domain: str) -> Json:
    """A compute endpoint.

    :param host: the direct host name of the endpoint.
    """
    return _present(
        {
            "host": host,
            "id": item.id,
            "name": item.name,
            "project_id": item.project_id,
            "branch_id": item.branch_id,
            "autoscaling_limit_min_cu": item.min_cu,
            "autoscaling_limit_max_cu": item.max_cu,
            "region_id": owner.region_id,
            "type": item.type,
            "current_state": item.current_state,
            "pending_state": item.pending_state,
            "settings": item.settings,
            "pooler_enabled": False,
            "pooler_mode": "transaction",
            "disabled": item.disabled,
            "passwordless_access": True,
            "last_active": stamp(item.last_active) if item.last_active else None,
            "creation_source": CREATION_SOURCE,
            "created_at": stamp(item.created_at),
            "updated_at": stamp(item.updated_at),
            "started_at": stamp(item.started_at) if item.started_at else None,
            "suspended_at": stamp(item.suspended_at) if item.suspended_at else None,
            "proxy_host": domain,
            "suspend_timeout_seconds": item.suspend_timeout_seconds,
            "provisioner": PROVISIONER,
        }
    )


def role(item: Role, branch_id: str, *, with_password: bool = False) -> Json:
    """A role; its password only where it has just been made."""
    return _present(
        {
            "branch_id": branch_id,
            "name": item.name,
            "password": item.password if with_password and not item.no_login else None,
            "protected": item.protected,
            "authentication_method": "no_login" if item.no_login else "password",
            "created_at": stamp(item.created_at),
            "updated_at": stamp(item.updated_at),
        }
    )


def database(item: Database, branch_id: str) -> Json:
    """A database."""
    return {
        "id": item.id,
        "branch_id": branch_id,
        "name": item.name,
        "owner_name": item.owner_name,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
    }


def operation(item: Operation) -> Json:
    """An operation."""
    return _present(
        {
            "id": item.id,
            "project_id": item.project_id,
            "branch_id": item.branch_id,
            "endpoint_id": item.endpoint_id,
            "action": item.action,
            "status": item.status,
            "error": item.error,
            "failures_count": item.failures_count,
            "created_at": stamp(item.created_at),
            "updated_at": stamp(item.updated_at),
            "total_duration_ms": item.total_duration_ms,
        }
    )


def operations(items: Iterable[Operation]) -> list[Json]:
    """Several operations."""
    return [operation(item) for item in items]
