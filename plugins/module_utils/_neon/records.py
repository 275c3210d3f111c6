# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of the API that the modules work with, as far as they need them."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import ProviderError
from .answers import optional, required

MANAGED_BY: t.Final = {"managed_by": "dbinfra.postgres"}
#: Quotas of a whole project. The API shows their use in the present billing period under the same names.
USED_QUOTAS: t.Final = ("active_time_seconds", "compute_time_seconds", "written_data_bytes", "data_transfer_bytes")


@dataclasses.dataclass(frozen=True)
class Compute:
    """Sizes of a compute. None means: not said.

    :param suspend_timeout_seconds: -1 never, 0 the provider's default (300), else seconds.
    """

    min_cu: float | None = None
    max_cu: float | None = None
    suspend_timeout_seconds: int | None = None


NOTHING_SAID: t.Final = Compute()


@dataclasses.dataclass(frozen=True)
class Project:
    """A project. ``default_endpoint_settings`` and ``settings`` are kept as they came, they are sent back as a whole.

    :param settings: None if the answer does not say them, as the list of projects may.
    :param usage: what the present billing period has used, by the name of the quota; None if the answer does not say it.
    """

    id: str
    name: str
    region_id: str
    pg_version: int
    org_id: str | None
    store_passwords: bool | None
    history_retention_seconds: int | None
    default_endpoint_settings: t.Mapping[str, t.Any] | None
    settings: t.Mapping[str, t.Any] | None = None
    usage: t.Mapping[str, int] | None = None
    created_at: str | None = None


@dataclasses.dataclass(frozen=True)
class Branch:
    """A branch. ``id`` is None for a branch that is only predicted. Times are as Neon writes them.

    :param managed: it carries the mark of this collection, which can only be given when a branch is made.
    :param state: Neon's ``current_state``, maybe one that is not known here.
    :param never_reset: the answer says outright that it was never reset; one that says nothing of it says nothing.
    :param from_snapshot: it was restored from a snapshot in another branch's place, so it may be younger than what that branch left.
    """

    id: str | None
    project_id: str | None
    name: str
    default: bool
    protected: bool
    parent_id: str | None = None
    init_source: str | None = None
    restricted: tuple[tuple[str, str], ...] = ()
    managed: bool = False
    state: str | None = None
    parent_lsn: str | None = None
    parent_timestamp: str | None = None
    expires_at: str | None = None
    last_reset_at: str | None = None
    never_reset: bool = False
    created_at: str | None = None
    from_snapshot: bool = False


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A compute endpoint. ``id``, ``branch_id`` and the hosts are None for one that is only predicted.

    :param state: Neon's ``current_state``: ``active``, ``idle``, ``init``, maybe one that is not known here.
    :param settings: is kept as it came, it is sent back with what changes.
    """

    id: str | None
    branch_id: str | None
    type: str
    host: str | None
    pooled_host: str | None
    compute: Compute
    name: str | None = None
    state: str | None = None
    disabled: bool = False
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    started_at: str | None = None


@dataclasses.dataclass(frozen=True)
class Role:
    """A role. ``branch_id`` is None for one that is only predicted; ``protected`` marks the provider's own roles."""

    name: str
    branch_id: str | None
    protected: bool = False


@dataclasses.dataclass(frozen=True)
class Database:
    """A database. ``branch_id`` is None for one that is only predicted."""

    name: str
    owner_name: str
    branch_id: str | None


@dataclasses.dataclass(frozen=True)
class Deed:
    """An operation of a project, from when to when. None if that cannot be read.

    :param ended: when its status was last changed, be it the end or not.
    """

    action: str
    branch_id: str | None
    began: datetime.datetime | None
    ended: datetime.datetime | None


def project_from(data: t.Any) -> Project:
    """Read a project, be it from a list or on its own."""
    where = f"project {_name_of(data)}"
    return Project(
        id=required(data, "id", str, where),
        name=required(data, "name", str, where),
        region_id=required(data, "region_id", str, where),
        pg_version=required(data, "pg_version", int, where),
        org_id=optional(data, "org_id", str, where),
        store_passwords=optional(data, "store_passwords", bool, where),
        history_retention_seconds=optional(data, "history_retention_seconds", int, where),
        default_endpoint_settings=optional(data, "default_endpoint_settings", dict, where),
        settings=optional(data, "settings", dict, where),
        usage={name: used for name in USED_QUOTAS if (used := optional(data, name, int, where)) is not None} or None,
        created_at=optional(data, "created_at", str, where),
    )


def branch_from(data: t.Any, project_id: str) -> Branch:
    """Read a branch.

    :raises ProviderError: also if the answer is about another project.
    """
    where = f"branch {_name_of(data)}"
    # Only shown: what is odd in it is left out.
    restricted = data.get("restricted_actions") if isinstance(data, dict) else None
    return Branch(
        id=required(data, "id", str, where),
        project_id=_same(required(data, "project_id", str, where), project_id, "project", where),
        name=required(data, "name", str, where),
        default=required(data, "default", bool, where),
        protected=required(data, "protected", bool, where),
        parent_id=optional(data, "parent_id", str, where),
        init_source=optional(data, "init_source", str, where),
        restricted=tuple((str(entry.get("name", "")), str(entry.get("reason", ""))) for entry in _objects(restricted)),
        managed=_managed(data),
        state=optional(data, "current_state", str, where),
        parent_lsn=optional(data, "parent_lsn", str, where),
        parent_timestamp=optional(data, "parent_timestamp", str, where),
        expires_at=optional(data, "expires_at", str, where),
        last_reset_at=optional(data, "last_reset_at", str, where),
        never_reset="last_reset_at" in data and data["last_reset_at"] is None,
        # Only compared: what is odd in them counts as not said.
        created_at=_text(data.get("created_at")),
        from_snapshot=bool(data.get("restored_as")),
    )


def branch_answer(answer: t.Any, project_id: str, where: str) -> Branch:
    """Read the answer to a GET, which keeps the annotation beside the branch; see :func:`branch_from`."""
    data = required(answer, "branch", dict, where)
    return branch_from({**data, "annotation": answer.get("annotation")}, project_id)


def endpoint_from(data: t.Any, branch_id: str) -> Endpoint:
    """Read an endpoint.

    :raises ProviderError: also if it belongs to another branch.
    """
    where = f"endpoint {_name_of(data)}"
    host, pooled = _hosts(data, where)
    return Endpoint(
        id=required(data, "id", str, where),
        branch_id=_same(required(data, "branch_id", str, where), branch_id, "branch", where),
        type=required(data, "type", str, where),
        host=host,
        pooled_host=pooled,
        compute=Compute(
            min_cu=required(data, "autoscaling_limit_min_cu", float, where),
            max_cu=required(data, "autoscaling_limit_max_cu", float, where),
            suspend_timeout_seconds=required(data, "suspend_timeout_seconds", int, where),
        ),
        name=optional(data, "name", str, where),
        state=optional(data, "current_state", str, where),
        disabled=bool(optional(data, "disabled", bool, where)),
        settings=optional(data, "settings", dict, where) or {},
        started_at=optional(data, "started_at", str, where),
    )


def role_from(data: t.Any, branch_id: str) -> Role:
    """Read a role; a password in the answer is dropped.

    :raises ProviderError: also if it belongs to another branch.
    """
    where = f"role {_name_of(data)}"
    return Role(
        name=required(data, "name", str, where),
        branch_id=_same(required(data, "branch_id", str, where), branch_id, "branch", where),
        protected=bool(optional(data, "protected", bool, where)),
    )


def database_from(data: t.Any, branch_id: str) -> Database:
    """Read a database.

    :raises ProviderError: also if it belongs to another branch.
    """
    where = f"database {_name_of(data)}"
    return Database(
        name=required(data, "name", str, where),
        owner_name=required(data, "owner_name", str, where),
        branch_id=_same(required(data, "branch_id", str, where), branch_id, "branch", where),
    )


def pooled_host_of(host: str) -> str:
    """Return the pooler's host name: ``-pooler`` belongs to the first DNS label, whatever follows."""
    first, dot, rest = host.partition(".")
    return first + ("" if first.endswith("-pooler") else "-pooler") + dot + rest


def compute_from_settings(settings: t.Mapping[str, t.Any] | None) -> Compute:
    """Read a project's default compute."""
    where = "the project's default_endpoint_settings"
    data = settings or {}
    return Compute(
        min_cu=optional(data, "autoscaling_limit_min_cu", float, where),
        max_cu=optional(data, "autoscaling_limit_max_cu", float, where),
        suspend_timeout_seconds=optional(data, "suspend_timeout_seconds", int, where),
    )


def compute_to_api(compute: Compute) -> dict[str, t.Any]:
    """Return the API's fields for what is said."""
    fields = {
        "autoscaling_limit_min_cu": compute.min_cu,
        "autoscaling_limit_max_cu": compute.max_cu,
        "suspend_timeout_seconds": compute.suspend_timeout_seconds,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) else None


def _objects(value: t.Any) -> list[dict[str, t.Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _managed(data: t.Mapping[str, t.Any]) -> bool:
    annotation = data.get("annotation")
    value = annotation.get("value") if isinstance(annotation, dict) else None
    return isinstance(value, dict) and value.items() >= MANAGED_BY.items()


def _hosts(data: t.Any, where: str) -> tuple[str, str]:
    host = required(data, "host", str, where)
    hosts = optional(data, "hosts", dict, where) or {}
    kind = "read_only" if data.get("type") == "read_only" else "read_write"
    return (
        optional(hosts, f"{kind}_host", str, where) or host,
        optional(hosts, f"{kind}_pooled_host", str, where) or pooled_host_of(host),
    )


def _same(value: str, wanted: str, what: str, where: str) -> str:
    if value != wanted:
        raise ProviderError(
            f"Neon answered for {what} {value} although {wanted} was asked for",
            where=where,
            remedy="Nothing was changed by this task after that answer. Report this to Neon's support",
        )
    return value


def _name_of(data: t.Any) -> str:
    if not isinstance(data, dict):
        return "without a name"
    return repr(data.get("name") or data.get("id") or "without a name")
