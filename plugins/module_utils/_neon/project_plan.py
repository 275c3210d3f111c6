# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a project. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ImmutableError, InputError
from .._core.reconcile import Change, Plan
from .records import MANAGED_BY, NOTHING_SAID, Compute, Project, compute_from_settings, compute_to_api
from .rules import check_compute, compute_differences, declared, require_confirmation


@dataclasses.dataclass(frozen=True)
class ProjectWish:
    """A declared project. None means: not declared.

    :param owner: this inventory owns the project-wide settings; otherwise it asserts them.
    """

    name: str
    org_id: str | None = None
    region_id: str | None = None
    pg_version: int | None = None
    store_passwords: bool | None = None
    default_branch: str | None = None
    owner_role: str | None = None
    database: str | None = None
    history_retention_seconds: int | None = None
    default_compute: Compute = NOTHING_SAID
    owner: bool = True
    present: bool = True
    confirm_destroy: str | None = None


def plan_project(project: Project | None, wish: ProjectWish) -> Plan:
    """Return what brings a project to its declaration.

    :param project: the project, None if there is none.
    :raises ImmutableError: for a difference that cannot be changed.
    :raises InputError: for a difference that only the owner's inventory may change, or an impossible declaration.
    :raises ConfirmationError: for an unconfirmed deletion or a shorter history.
    """
    if not wish.present:
        return _plan_absent(project, wish)
    check_compute(wish.default_compute, "option default_compute")
    if project is None:
        return _plan_create(wish)
    _refuse_immutable(project, wish)
    return _plan_update(project, wish)


def keeper(projects: t.Sequence[t.Mapping[str, t.Any]]) -> t.Mapping[str, t.Any] | None:
    """Return which of several projects of one name stays when runs made them at the same time: the oldest, then the one with the first id.

    Every run that asks gets the same answer.

    :param projects: as the API lists them; ``created_at`` is in UTC.
    """
    return min(projects, key=lambda project: (str(project.get("created_at")), str(project.get("id"))), default=None)


def _plan_absent(project: Project | None, wish: ProjectWish) -> Plan:
    if project is None:
        return Plan()
    require_confirmation(wish.confirm_destroy, project.name, f"delete project {project.name} with all its branches and data")
    before = {"name": project.name, "region_id": project.region_id, "pg_version": project.pg_version}
    return Plan(changes=(Change("delete", f"project {project.name}", {"id": project.id}),), before=before)


def _plan_create(wish: ProjectWish) -> Plan:
    shown = declared(
        name=wish.name,
        org_id=wish.org_id,
        region_id=wish.region_id,
        pg_version=wish.pg_version,
        store_passwords=wish.store_passwords,
        history_retention_seconds=wish.history_retention_seconds,
    )
    branch = declared(name=wish.default_branch, role_name=wish.owner_role, database_name=wish.database)
    settings = compute_to_api(wish.default_compute)
    request = {**shown, "branch": {**branch, "annotations": dict(MANAGED_BY)}}
    if settings:
        request["default_endpoint_settings"] = settings
    after = {**shown, **declared(default_branch=wish.default_branch, owner_role=wish.owner_role, database=wish.database)}
    if settings:
        after["default_compute"] = _shown(wish.default_compute)
    return Plan(changes=(Change("create", f"project {wish.name}", request),), after=after)


def _refuse_immutable(project: Project, wish: ProjectWish) -> None:
    for option, have, want in (
        ("region_id", project.region_id, wish.region_id),
        ("pg_version", project.pg_version, wish.pg_version),
        ("org_id", project.org_id, wish.org_id),
        ("store_passwords", project.store_passwords, wish.store_passwords),
    ):
        # What the answer does not say cannot be compared.
        if want is None or have is None or want == have:
            continue
        remedy = (
            "Declare what it is, or transfer the project in the console"
            if option == "org_id"
            else f"Declare {option}: {have}, or make a project with another name and move the data; this project is never made anew"
        )
        raise ImmutableError(
            f"project {project.name} ({project.id}) has {option} {have}, declared is {want}",
            where=f"option {option}",
            why="It is fixed when a project is made",
            remedy=remedy,
        )


def _plan_update(project: Project, wish: ProjectWish) -> Plan:
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    request: dict[str, t.Any] = {}
    want, have = wish.history_retention_seconds, project.history_retention_seconds
    if want is not None and want != have:
        before["history_retention_seconds"], after["history_retention_seconds"] = have, want
        request["history_retention_seconds"] = want
    compute = compute_from_settings(project.default_endpoint_settings)
    differences = compute_differences(compute, wish.default_compute)
    if differences:
        before["default_compute"] = {field: pair[0] for field, pair in differences.items()}
        after["default_compute"] = {field: pair[1] for field, pair in differences.items()}
        request["default_endpoint_settings"] = _merged_settings(project.default_endpoint_settings, wish.default_compute)
    if not request:
        return Plan()
    if not wish.owner:
        raise InputError(
            f"project {project.name} ({project.id}) differs from the declaration: "
            + ", ".join(f"{field} is {before[field]}, declared is {after[field]}" for field in after),
            where="option ownership",
            why="This inventory is a member: it asserts project-wide settings and does not set them",
            remedy="Declare the same in both inventories and run the owner's, or correct this declaration",
        )
    if have is not None and want is not None and want < have:
        require_confirmation(wish.confirm_destroy, project.name, f"shorten the history of project {project.name} from {have} to {want} seconds")
    name = {"name": project.name}
    change = Change("update", f"project {project.name}", {"id": project.id, "fields": request})
    return Plan(changes=(change,), before={**name, **before}, after={**name, **after})


def _merged_settings(current: t.Mapping[str, t.Any] | None, wish: Compute) -> dict[str, t.Any]:
    # Whether the API merges or replaces this object is not documented: the whole is sent. pgbouncer_settings is being removed.
    kept = {key: value for key, value in (current or {}).items() if key != "pgbouncer_settings"}
    return {**kept, **compute_to_api(wish)}


def _shown(compute: Compute) -> dict[str, t.Any]:
    return declared(min_cu=compute.min_cu, max_cu=compute.max_cu, suspend_timeout_seconds=compute.suspend_timeout_seconds)
