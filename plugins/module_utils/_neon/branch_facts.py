# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says of a branch and its computes, as they are or as they are predicted. Pure functions."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.reconcile import Plan
from .branch_plan import ARCHIVED, PARENT_DATA, READ_WRITE, SCHEMA_ONLY, read_write_of
from .branch_state import BranchState, expiry_differs
from .branch_wish import BranchWish, RestoreWish
from .endpoint import endpoint_facts, predicted_facts
from .endpoint_plan import EndpointWish
from .history_point import text_of
from .moments import shown_second
from .records import NOTHING_SAID, Branch, Compute


@dataclasses.dataclass(frozen=True)
class Origins:
    """What this task knows of where the branch came from, and cannot be seen on it afterwards.

    :param created: this task made the branch, or would.
    :param parent_protected: whether its parent is protected, None if it was not looked at.
    """

    copied_from: str | None = None
    parent_protected: bool | None = None
    created: bool = False


def branch_facts(state: BranchState, wish: BranchWish, project_id: str | None, origins: Origins, *, predicted: bool) -> dict[str, t.Any]:
    """Return ``branch``."""
    branch = state.branch
    facts: dict[str, t.Any] = {
        "exists": False,
        "id": None,
        "name": wish.name,
        "project_id": project_id,
        "default": False,
        "protected": False,
        "parent_id": None,
        "parent_protected": origins.parent_protected,
        "parent_lsn": None,
        "parent_timestamp": None,
        "copied_from": origins.copied_from,
        "init_source": None,
        "expires": False,
        "expires_at": None,
        "archived": False,
        "managed": False,
        "preserved": state.preserved.id if state.preserved else None,
        "created": origins.created,
    }
    if wish.absent and (branch is None or predicted):
        return facts
    if branch is None:
        init_source = wish.init_source or PARENT_DATA
        # A schema-only branch becomes a root: the parent, and the point in its history, is where the schema comes from, no more.
        child = init_source != SCHEMA_ONLY
        facts.update(
            default=bool(wish.default),
            protected=bool(wish.protected),
            parent_id=state.source.id if child and state.source is not None else None,
            parent_lsn=wish.parent_lsn if child else None,
            parent_timestamp=shown_second(text_of(wish.parent_timestamp)) if child else None,
            init_source=init_source,
            expires=_will_expire(wish),
            expires_at=_foreseen_end(wish),
            archived=bool(wish.archived),
            managed=True,
        )
        return facts
    facts.update(
        exists=branch.id is not None,
        id=branch.id,
        name=branch.name,
        default=branch.default,
        protected=branch.protected,
        parent_id=branch.parent_id,
        parent_lsn=branch.parent_lsn,
        parent_timestamp=branch.parent_timestamp,
        init_source=branch.init_source,
        expires=branch.expires_at is not None,
        expires_at=branch.expires_at,
        archived=branch.state == ARCHIVED,
        managed=branch.managed,
    )
    if predicted and wish.present:
        facts.update(_changed(branch, wish))
    if predicted and wish.replaced:
        facts.update(_replaced(branch, state, wish))
    return facts


def endpoints_facts(state: BranchState, wish: BranchWish, plan: Plan, *, predicted: bool, defaults: Compute = NOTHING_SAID) -> list[dict[str, t.Any]]:
    """Return ``endpoints``, the read-write one first.

    :param defaults: what the project gives a new compute that does not declare it.
    """
    if wish.absent and (state.branch is None or predicted):
        return []
    found = sorted(state.endpoints or (), key=lambda endpoint: (endpoint.type != READ_WRITE, endpoint.id or ""))
    facts = [endpoint_facts(endpoint) for endpoint in found]
    if wish.compute is None or not predicted:
        return facts
    branch_id = state.branch.id if state.branch else None
    compute = read_write_of(found)
    after = Plan(after=plan.after.get("compute") or {})
    foreseen = predicted_facts(compute, EndpointWish(READ_WRITE, wish.compute), branch_id, after, defaults)
    return [foreseen, *(each for each in facts if each["type"] != READ_WRITE)]


def _changed(branch: Branch, wish: BranchWish) -> dict[str, t.Any]:
    changed: dict[str, t.Any] = {"name": wish.final_name, "default": branch.default or bool(wish.default)}
    if wish.protected is not None:
        changed["protected"] = wish.protected
    if expiry_differs(branch, wish):
        changed.update(expires=_will_expire(wish), expires_at=_foreseen_end(wish))
    return changed


def _replaced(branch: Branch, state: BranchState, wish: BranchWish) -> dict[str, t.Any]:
    """Return what a reset or restore changes: a branch that is no root becomes one of the branch that its content comes from."""
    restore, source = wish.restore or RestoreWish(), state.source
    changed: dict[str, t.Any] = {}
    if branch.parent_id is not None:
        # Restored to its own past, it becomes a child of the kept copy, which has no id yet. The time may stay empty, so Neon's API description.
        changed["parent_id"] = source.id if source is not None and source.id != branch.id else None
        changed.update(parent_lsn=restore.lsn, parent_timestamp=None)
    at_head = restore.timestamp is None and restore.lsn is None
    if at_head and source is not None and source.id == branch.parent_id:
        # Neon renews the branch's end when it gets its parent's present content.
        changed["expires_at"] = None
    return changed


def _will_expire(wish: BranchWish) -> bool:
    return wish.expiry is not None and wish.expiry.until is not None


def _foreseen_end(wish: BranchWish) -> str | None:
    """Return when the branch will end; the end of a span is not known before a run comes to it."""
    return None if wish.expiry is None or wish.expiry.ttl else wish.expiry.until
