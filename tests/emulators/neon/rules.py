# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service refuses, as pure functions.

Messages and conditions follow the API contract's descriptions; where it does not name the HTTP status, ours is listed in the deviations.
"""

from __future__ import annotations

from ..framework.errors import ApiError
from .state import Branch, Project

RESERVED_ROLES = ("cloud_admin", "neon_superuser", "none", "postgres", "public", "zenith_admin")
RESERVED_DATABASES = ("postgres", "template0", "template1")
MAX_AUTOSCALING_CU = 16
MAX_AUTOSCALING_SPAN = 8
MAX_FIXED_CU = 56
LONGEST_BRANCH_NAME = 256


def check_compute(min_cu: float, max_cu: float) -> None:
    """Refuse sizes the service does not have: 0.25, 0.5, whole numbers to 16 with a span of at most 8; fixed even sizes to 56.

    :raises ApiError: 400.
    """
    if min_cu > max_cu:
        raise ApiError(400, f"autoscaling_limit_min_cu ({min_cu:g}) must not be greater than autoscaling_limit_max_cu ({max_cu:g})")
    for name, value in (("autoscaling_limit_min_cu", min_cu), ("autoscaling_limit_max_cu", max_cu)):
        whole = float(value).is_integer() and 1 <= value <= MAX_AUTOSCALING_CU
        large = min_cu == max_cu and float(value).is_integer() and value % 2 == 0 and MAX_AUTOSCALING_CU < value <= MAX_FIXED_CU
        if not (value in (0.25, 0.5) or whole or large):
            raise ApiError(400, f"{name}: {value:g} is no compute size; sizes are 0.25, 0.5, 1 to 16, and fixed even sizes up to 56")
    if max_cu - min_cu > MAX_AUTOSCALING_SPAN:
        raise ApiError(400, f"autoscaling range {min_cu:g} to {max_cu:g} spans more than {MAX_AUTOSCALING_SPAN} compute units")


def check_suspend_timeout(seconds: int) -> None:
    """Refuse what is neither -1 (never), 0 (default) nor 60 to 604800.

    :raises ApiError: 400.
    """
    if seconds not in (-1, 0) and not 60 <= seconds <= 604800:
        raise ApiError(400, f"suspend_timeout_seconds: {seconds} is not allowed; use -1, 0, or 60 to 604800")


def check_role_name(name: str) -> None:
    """Refuse names PostgreSQL or the service keeps for itself.

    :raises ApiError: 400.
    """
    if not name or len(name.encode()) > 63:
        raise ApiError(400, "role name must have 1 to 63 bytes")
    if name in RESERVED_ROLES or name.startswith("pg_"):
        raise ApiError(400, f"role name {name} is reserved")


def check_database_name(name: str) -> None:
    """Refuse names PostgreSQL keeps for itself.

    :raises ApiError: 400.
    """
    if not name or len(name.encode()) > 63:
        raise ApiError(400, "database name must have 1 to 63 bytes")
    if name in RESERVED_DATABASES:
        raise ApiError(400, f"database name {name} is reserved")


def restricted_actions(project: Project, branch: Branch) -> list[dict[str, str]]:
    """What the branch does not allow at present, with the reason, in the form of ``branch.restricted_actions``: one reason for each action."""
    is_default, children = branch.id == project.default_branch_id, project.children(branch.id)
    unarchived = any(child.current_state != "archived" for child in children)
    rules = (
        (branch.protected, ("delete", "restore", "reset", "archive", "delete-rw-endpoint"), "the branch is protected"),
        (is_default, ("delete", "archive"), "the branch is the project's default branch"),
        (branch.parent_id is None, ("reset",), "the branch has no parent"),
        (branch.parent_id is None and branch.init_source != "schema-only" and not branch.deletable_root, ("delete",), "the branch is a root branch"),
        (bool(children), ("delete",), "the branch has child branches"),
        (unarchived, ("archive",), "the branch has child branches that are not archived"),
    )
    found: dict[str, str] = {}
    for holds, actions, reason in rules:
        for action in actions if holds else ():
            found.setdefault(action, reason)
    return [{"name": action, "reason": reason} for action, reason in found.items()]


def check_archive(project: Project, branch: Branch) -> None:
    """Refuse to archive a protected or default branch, or one with children that are not archived.

    :raises ApiError: 422 with the reason.
    """
    reasons = [item["reason"] for item in restricted_actions(project, branch) if item["name"] == "archive"]
    if reasons:
        raise ApiError(422, f"cannot archive branch {branch.name}: {reasons[0]}")


def check_branch_delete(project: Project, branch: Branch) -> None:
    """Refuse to delete a protected, default or root branch, or one with children.

    A schema-only branch is a root branch as well, yet it may be deleted: the contract's sentence about "a project's root branch" is read
    as the one made with the project.

    :raises ApiError: 422 with the reason.
    """
    reasons = [item["reason"] for item in restricted_actions(project, branch) if item["name"] == "delete"]
    if reasons:
        raise ApiError(422, f"cannot delete branch {branch.name}: {reasons[0]}")


def check_restore(project: Project, branch: Branch, source: Branch, *, at_head: bool, preserve: str) -> None:
    """Refuse to restore a protected branch, a branch to its own present state, and what would leave children without a parent.

    :raises ApiError: 400, 409 if there is a branch named ``preserve``, 422 for a protected branch.
    """
    if branch.protected:
        raise ApiError(422, f"cannot restore branch {branch.name}: the branch is protected")
    if source is branch and at_head and branch.parent_id is None:
        raise ApiError(400, f"branch {branch.name} is a root branch: it has no parent to be reset from; give source_timestamp or source_lsn")
    if source is branch and at_head:
        raise ApiError(400, "source_timestamp or source_lsn is required to restore a branch to its own history")
    if source is branch and not preserve:
        raise ApiError(400, "preserve_under_name is required to restore a branch to its own history")
    if not preserve and (children := project.children(branch.id)):
        listed = ", ".join(sorted(child.name for child in children))
        raise ApiError(400, f"preserve_under_name is required: branch {branch.name} has child branches, which move to the preserved one: {listed}")
    check_new_branch_name(project, preserve)


def check_new_branch_name(project: Project, name: str) -> None:
    """Refuse a name that is too long or that another branch has; the contract says nothing about names outside of ``branch.name``.

    :raises ApiError: 400, 409.
    """
    if len(name) > LONGEST_BRANCH_NAME:
        raise ApiError(400, f"a branch name has at most {LONGEST_BRANCH_NAME} characters; this one has {len(name)} characters")
    if any(other.name == name for other in project.branches.values()):
        raise ApiError(409, f"branch already exists; branch_name:{name}", "BRANCH_ALREADY_EXISTS")


def check_project_delete(project: Project) -> None:
    """Refuse to delete a project that holds a protected branch.

    :raises ApiError: 422 naming the branches.
    """
    names = sorted(branch.name for branch in project.branches.values() if branch.protected)
    if names:
        raise ApiError(422, f"cannot delete project {project.id}: protected branches: {', '.join(names)}")


def check_endpoint_delete(branch: Branch) -> None:
    """Refuse to delete a compute of a protected branch.

    :raises ApiError: 422.
    """
    if branch.protected:
        raise ApiError(422, f"cannot delete the compute endpoint: branch {branch.name} is protected")
