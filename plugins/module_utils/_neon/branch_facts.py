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
from .branch_wish import BranchWish
from .endpoint import endpoint_facts, predicted_facts
from .endpoint_plan import EndpointWish
from .history_point import text_of
from .records import Branch


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
        facts.update(
            default=bool(wish.default),
            protected=bool(wish.protected),
            # A schema-only branch becomes a root: the parent is where the schema comes from, no more.
            parent_id=None if init_source == SCHEMA_ONLY or state.source is None else state.source.id,
            parent_lsn=wish.parent_lsn,
            parent_timestamp=text_of(wish.parent_timestamp),
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
    if predicted and _begins_anew(branch, state, wish):
        facts["expires_at"] = None
    return facts


def endpoints_facts(state: BranchState, wish: BranchWish, plan: Plan, *, predicted: bool) -> list[dict[str, t.Any]]:
    """Return ``endpoints``, the read-write one first."""
    if wish.absent and (state.branch is None or predicted):
        return []
    found = sorted(state.endpoints or (), key=lambda endpoint: (endpoint.type != READ_WRITE, endpoint.id or ""))
    facts = [endpoint_facts(endpoint) for endpoint in found]
    if wish.compute is None or not predicted:
        return facts
    branch_id = state.branch.id if state.branch else None
    compute = read_write_of(found)
    foreseen = predicted_facts(compute, EndpointWish(READ_WRITE, wish.compute), branch_id, Plan(after=plan.after.get("compute") or {}))
    return [foreseen, *(each for each in facts if each["type"] != READ_WRITE)]


def _changed(branch: Branch, wish: BranchWish) -> dict[str, t.Any]:
    changed: dict[str, t.Any] = {"name": wish.final_name, "default": branch.default or bool(wish.default)}
    if wish.protected is not None:
        changed["protected"] = wish.protected
    if expiry_differs(branch, wish):
        changed.update(expires=_will_expire(wish), expires_at=_foreseen_end(wish))
    return changed


def _begins_anew(branch: Branch, state: BranchState, wish: BranchWish) -> bool:
    """Tell whether Neon will renew the branch's end: it does when a branch gets its parent's present content."""
    if not wish.replaced or state.preserved is not None:
        return False
    restore = wish.restore
    at_head = restore is None or (restore.timestamp is None and restore.lsn is None)
    return at_head and state.source is not None and state.source.id == branch.parent_id


def _will_expire(wish: BranchWish) -> bool:
    return wish.expiry is not None and wish.expiry.until is not None


def _foreseen_end(wish: BranchWish) -> str | None:
    """Return when the branch will end; the end of a span is not known before a run comes to it."""
    return None if wish.expiry is None or wish.expiry.ttl else wish.expiry.until
