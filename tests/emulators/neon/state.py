# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local Neon knows about projects, branches, endpoints, roles and databases. Plain data; nothing here does anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PENDING = ("scheduling", "running", "cancelling")


@dataclass
class Role:
    """A role made through the API.

    :param password: kept even when the project does not store passwords, because a branch of a protected branch needs new ones;
        the API then refuses to reveal it.
    """

    name: str
    password: str
    created_at: datetime
    updated_at: datetime
    protected: bool = False
    no_login: bool = False


@dataclass
class Database:
    """A database made through the API."""

    id: int
    name: str
    owner_name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Usage:
    """What was consumed in this billing period, as of the last measurement."""

    active_time_seconds: int = 0
    compute_time_seconds: int = 0
    written_data_bytes: int = 0
    data_transfer_bytes: int = 0


@dataclass
class Branch:
    """A branch; its cluster has the same id in the data plane.

    :param history_began_at: since when its past can be asked for; None for since it was made.
    :param deletable_root: a root branch that is not the one its project was made with.
    :param restored_from: the snapshot it was made from.
    :param restored_as: the branch it is to replace, or has replaced.
    :param backups_done_until: for each entry of its backup schedule, until when it has been carried out.
    """

    id: str
    project_id: str
    name: str
    parent_id: str | None
    init_source: str
    protected: bool
    created_at: datetime
    updated_at: datetime
    state_changed_at: datetime
    parent_timestamp: datetime | None = None
    parent_lsn: str | None = None
    history_began_at: datetime | None = None
    last_reset_at: datetime | None = None
    deletable_root: bool = False
    restore_status: str | None = None
    restored_from: str | None = None
    restored_as: str | None = None
    backup_schedule: list[dict[str, Any]] = field(default_factory=list)
    backups_done_until: list[datetime] = field(default_factory=list)
    current_state: str = "init"
    pending_state: str | None = "ready"
    logical_size: int | None = None
    expires_at: datetime | None = None
    ttl_interval_seconds: int | None = None
    usage: Usage = Usage()
    annotations: dict[str, str] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)


@dataclass
class Snapshot:
    """A snapshot; its cluster, which no endpoint serves, has the same id in the data plane.

    :param ready: whether it has been taken.
    :param full_size: bytes of its databases; None for one that is counted by ``diff_size``.
    :param diff_size: bytes of WAL since the scheduled snapshot before it.
    """

    id: str
    project_id: str
    name: str
    source_branch_id: str
    created_at: datetime
    manual: bool
    lsn: str | None = None
    timestamp: datetime | None = None
    expires_at: datetime | None = None
    full_size: int | None = None
    diff_size: int | None = None
    ready: bool = False
    roles: dict[str, Role] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)


@dataclass
class Endpoint:
    """A compute endpoint."""

    id: str
    project_id: str
    branch_id: str
    type: str
    min_cu: float
    max_cu: float
    suspend_timeout_seconds: int
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    disabled: bool = False
    current_state: str = "init"
    pending_state: str | None = None
    started_at: datetime | None = None
    suspended_at: datetime | None = None
    last_active: datetime | None = None


@dataclass
class DeletedBranch:
    """A deleted branch with its endpoints.

    :param recoverable_until: when it will be gone for good.
    :param method: who deleted it: ``user`` or ``ttl``.
    """

    branch: Branch
    endpoints: list[Endpoint]
    deleted_at: datetime
    recoverable_until: datetime
    method: str


@dataclass
class Operation:
    """One operation of the control plane."""

    id: str
    project_id: str
    action: str
    created_at: datetime
    updated_at: datetime
    branch_id: str | None = None
    endpoint_id: str | None = None
    status: str = "scheduling"
    error: str | None = None
    failures_count: int = 0
    total_duration_ms: int = 0

    @property
    def pending(self) -> bool:
        """Whether it still runs or waits."""
        return self.status in PENDING


@dataclass
class Project:
    """A project with everything in it."""

    id: str
    name: str
    region_id: str
    pg_version: int
    org_id: str
    store_passwords: bool
    history_retention_seconds: int
    settings: dict[str, Any]
    default_endpoint_settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    default_branch_id: str = ""
    branches: dict[str, Branch] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    deleted_branches: dict[str, DeletedBranch] = field(default_factory=dict)
    usage: Usage = Usage()
    storage_bytes_hour: int = 0
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    known_passwords: dict[str, list[str]] = field(default_factory=dict)
    known_databases: set[str] = field(default_factory=set)

    def know(self, *items: Role | Database) -> None:
        """Remember what the API has made: a past state that is restored holds it again, and only that is shown by the API."""
        for item in items:
            if isinstance(item, Database):
                self.known_databases.add(item.name)
            elif item.password not in (passwords := self.known_passwords.setdefault(item.name, [])):
                passwords.append(item.password)

    def branch_endpoints(self, branch_id: str) -> list[Endpoint]:
        """The endpoints of a branch, oldest first."""
        return [endpoint for endpoint in self.endpoints.values() if endpoint.branch_id == branch_id]

    def read_write_endpoint(self, branch_id: str) -> Endpoint | None:
        """The branch's only read-write endpoint, if it has one."""
        return next((endpoint for endpoint in self.branch_endpoints(branch_id) if endpoint.type == "read_write"), None)

    def children(self, branch_id: str) -> list[Branch]:
        """The branches whose parent is ``branch_id``."""
        return [branch for branch in self.branches.values() if branch.parent_id == branch_id]
