# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a branch. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import typing as t

from .._core.errors import AmbiguousError, ConfirmationError, ImmutableError, InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .branch_restore_plan import plan_replace
from .branch_state import BranchState, expiry_differs, restriction, wants_children
from .branch_wish import BranchWish
from .endpoint_plan import EndpointWish, plan_endpoint
from .history_point import check_history, text_of
from .records import Branch, Compute, Endpoint, compute_to_api
from .rules import declared, require_confirmation

SCHEMA_ONLY: t.Final = "schema-only"
PARENT_DATA: t.Final = "parent-data"
READ_WRITE: t.Final = "read_write"
ARCHIVED: t.Final = "archived"


def plan_branch(state: BranchState, wish: BranchWish) -> Plan:
    """Return what brings a branch to its declaration.

    :raises ImmutableError: for a difference that cannot be changed.
    :raises InputError: for an impossible declaration.
    :raises ConfirmationError: for an unconfirmed deletion, reset or restore, or an adoption that was not allowed.
    """
    branch = state.branch
    if branch is None:
        if wish.absent:
            return Plan()
        return _plan_missing(state, wish)
    if wish.absent:
        plan = _plan_absent(branch, state, wish)
    elif wish.replaced:
        plan = plan_replace(branch, state, wish)
    else:
        _refuse_impossible(branch, state, wish)
        plan = _plan_update(branch, state, wish)
    _refuse_foreign(branch, plan, wish)
    return plan


def read_write_of(endpoints: t.Iterable[Endpoint]) -> Endpoint | None:
    """Return the read-write compute; a branch has one at most."""
    return next((endpoint for endpoint in endpoints if endpoint.type == READ_WRITE), None)


def _plan_missing(state: BranchState, wish: BranchWish) -> Plan:
    if wish.present and wish.new_name is None:
        return _plan_create(state, wish)
    deed = {"reset": "reset", "restored": "restore"}.get(wish.state, "rename")
    raise NotFoundError(
        f"there is no branch named {wish.name!r} to {deed}" + (f", nor one named {wish.new_name!r}" if wish.new_name else ""),
        where="option name",
        remedy="Correct the name (it is compared exactly), or make the branch first",
    )


def _plan_absent(branch: Branch, state: BranchState, wish: BranchWish) -> Plan:
    where = f"branch {branch.name} ({branch.id})"
    reason = restriction(branch, "delete")
    why = f"Neon says: {reason}" if reason else None
    if branch.default:
        raise InputError(
            "the default branch cannot be deleted", where=where, why=why, remedy="Declare default: true for another branch first, or keep this one"
        )
    if branch.protected:
        raise InputError(
            "a protected branch is not deleted", where=where, why=why, remedy="Declare it with protected: false first, and delete it in a later task"
        )
    if state.first:
        raise InputError(
            "the root branch that the project was made with cannot be deleted", where=where, why=why, remedy="Keep it, or delete the project"
        )
    if state.children:
        raise InputError(
            f"a branch with children cannot be deleted, these were made from it: {', '.join(state.children)}",
            where=where,
            why=why,
            remedy="Delete them first",
        )
    if reason:
        raise InputError(
            "Neon does not allow this branch to be deleted at present", where=where, why=why, remedy="Remove the reason, or keep the branch"
        )
    require_confirmation(wish.confirm_destroy, branch.name, f"delete branch {branch.name} with its data")
    before = {"name": branch.name, "default": branch.default, "protected": branch.protected}
    return Plan(changes=(Change("delete", f"branch {branch.name}", {"id": branch.id}),), before=before)


def _plan_create(state: BranchState, wish: BranchWish) -> Plan:
    if wish.parent is None:
        raise InputError(
            f"branch {wish.name} does not exist, and nothing says which branch it starts from",
            where="option parent",
            why="Neon would take the default branch, with its data",
            remedy="Name the parent, or correct the branch's name",
        )
    source, expiry = state.source, wish.expiry
    if source is not None and (source.expires_at is not None or state.source_expires) and wish.init_source != SCHEMA_ONLY:
        ends = f"expires at {source.expires_at}" if source.expires_at else "will expire"
        raise InputError(
            f"branch {source.name} {ends}, and an expiring branch cannot have children",
            where="option parent",
            remedy="Clear its expiry first (expires_at: never), or choose another parent",
        )
    check_history(wish.parent_timestamp, state.history, "option parent_timestamp", wish.now)
    timestamp = text_of(wish.parent_timestamp)
    until = expiry.until if expiry else None
    request = declared(
        name=wish.name,
        parent_id=source.id if source else None,
        parent_timestamp=timestamp,
        parent_lsn=wish.parent_lsn,
        init_source=wish.init_source,
        protected=wish.protected,
        archived=wish.archived,
        expires_at=until,
    )
    body: dict[str, t.Any] = {"branch": request}
    if wish.compute is not None:
        body["endpoints"] = [{"type": READ_WRITE, **compute_to_api(wish.compute)}]
    changes = [Change("create", f"branch {wish.name}", body)]
    if wish.default:
        changes.append(Change("set as default", f"branch {wish.name}"))
    after = declared(
        name=wish.name,
        parent=wish.parent,
        parent_timestamp=timestamp,
        parent_lsn=wish.parent_lsn,
        init_source=wish.init_source,
        protected=wish.protected,
        default=wish.default,
        archived=wish.archived,
        expires_at=expiry.words() if expiry and until else None,
        compute=None if wish.compute is None else _sizes(wish.compute),
    )
    return Plan(changes=tuple(changes), after=after)


def _refuse_impossible(branch: Branch, state: BranchState, wish: BranchWish) -> None:
    data_copied = branch.parent_id is not None
    have = branch.init_source or (PARENT_DATA if data_copied else None)
    if wish.init_source == SCHEMA_ONLY and data_copied and have != SCHEMA_ONLY:
        raise _immutable(branch, "option init_source", "it started with its parent's data, declared is schema-only", "It holds rows of its parent")
    if wish.init_source is not None and have is not None and wish.init_source != have and not branch.default:
        raise _immutable(branch, "option init_source", f"it started as {have}, declared is {wish.init_source}", None)
    is_archived = branch.state == ARCHIVED
    # While it is being made nobody can tell yet.
    if wish.archived is not None and wish.archived != is_archived and branch.state != "init":
        raise ImmutableError(
            f"branch {branch.name} ({branch.id}) is {'archived' if is_archived else 'not archived'}, declared is archived: {str(wish.archived).lower()}",
            where="option archived",
            why="Neon takes it when a branch is made. Later it archives idle branches by itself, and brings one back when it is connected to",
            remedy="Connect to the branch to bring it back, and remove the option" if is_archived else "Remove the option",
        )
    if wish.default is False and branch.default:
        raise InputError(
            f"branch {branch.name} is the project's default branch",
            where="option default",
            why="A project always has one; the title can only be given to another branch",
            remedy="Declare default: true for the other branch",
        )
    if wish.new_name is not None and state.taken is not None:
        raise AmbiguousError(
            f"branch {branch.name} ({branch.id}) cannot be renamed, there is another branch {wish.new_name!r} ({state.taken.id})",
            where="option new_name",
            remedy="Rename or delete the other one first, or correct the declaration",
        )
    _refuse_expiry(branch, state, wish)
    if wish.connects and wish.compute is None and not state.endpoints and state.endpoints is not None:
        raise InputError(
            f"branch {branch.name} has no compute, so nobody can connect to its databases",
            where="option database",
            remedy="Declare the option compute as well, or make an endpoint first",
        )


def _immutable(branch: Branch, where: str, what: str, why: str | None) -> ImmutableError:
    return ImmutableError(
        f"branch {branch.name} ({branch.id}) cannot become what is declared: {what}",
        where=where,
        why=why or "This is fixed when a branch is made",
        remedy=(
            f"Correct the declaration, or, if the branch's data may be lost, delete it (state: absent, confirm_destroy: {branch.name}) and run again"
        ),
    )


def _refuse_expiry(branch: Branch, state: BranchState, wish: BranchWish) -> None:
    if wish.expiry is None and branch.expires_at is not None:
        for option in ("default", "protected"):
            if getattr(wish, option) and not getattr(branch, option):
                raise InputError(
                    f"branch {branch.name} ({branch.id}) expires at {branch.expires_at}, such a branch cannot have {option}: true",
                    where=f"option {option}",
                    remedy="Declare expires_at: never as well",
                )
    if wish.expiry is None or wish.expiry.until is None:
        return
    obstacle = None
    if branch.default:
        obstacle = "it is the project's default branch"
    elif branch.protected and wish.protected is not False:
        obstacle = "it is protected"
    elif state.children and wants_children(branch, wish):
        obstacle = f"these branches were made from it: {', '.join(state.children)}"
    if obstacle:
        raise InputError(
            f"branch {branch.name} ({branch.id}) cannot expire: {obstacle}",
            where="option ttl" if wish.expiry.ttl else "option expires_at",
            remedy="Remove the option, or the obstacle in an earlier task",
        )


def _plan_update(branch: Branch, state: BranchState, wish: BranchWish) -> Plan:
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    fields: dict[str, t.Any] = {}
    verbs: list[str] = []
    subject = f"branch {branch.name}"
    title = wish.default is True and not branch.default
    if title:
        before["default"], after["default"] = False, True
    if wish.new_name is not None and branch.name != wish.new_name:
        verbs.append("rename")
        fields["name"] = wish.new_name
    if wish.protected is not None and wish.protected != branch.protected:
        before["protected"], after["protected"] = branch.protected, wish.protected
        verbs.append("protect" if wish.protected else "unprotect")
        fields["protected"] = wish.protected
    if wish.expiry is not None and expiry_differs(branch, wish):
        before["expires_at"], after["expires_at"] = branch.expires_at, wish.expiry.words()
        verbs.append("set the expiry of" if wish.expiry.until else "clear the expiry of")
        fields["expires_at"] = wish.expiry.until
    changes = [Change("set as default", subject, {"id": branch.id})] if title else []
    if fields:
        # One request whatever differs. It comes first if it clears an expiry: an expiring branch cannot become the default.
        update = Change(" and ".join(verbs), subject, {"id": branch.id, "fields": fields})
        changes.insert(0 if fields.get("expires_at", "") is None else len(changes), update)
    if wish.compute is not None and state.endpoints is not None:
        plan = plan_endpoint(read_write_of(state.endpoints), branch.id, EndpointWish(READ_WRITE, wish.compute))
        if plan.changes:
            changes += plan.changes
            before["compute"], after["compute"] = (_without_type(side) for side in (plan.before, plan.after))
    if not changes:
        return Plan()
    return Plan(
        changes=tuple(changes),
        before={"name": branch.name, **before},
        after={"name": fields.get("name", branch.name), **after},
    )


def _refuse_foreign(branch: Branch, plan: Plan, wish: BranchWish) -> None:
    """Refuse to change what somebody else made, and show what would change."""
    if branch.managed or wish.adopt or not plan.changes:
        return
    shown = [f"{key} {plan.before.get(key)!r} becomes {plan.after[key]!r}" for key in plan.after if plan.before.get(key) != plan.after[key]]
    what = ", ".join(change.describe() for change in plan.changes)
    raise ConfirmationError(
        f"branch {branch.name} ({branch.id}) was not made by this collection, and would be changed: {what}"
        + (f" ({'; '.join(shown)})" if shown else ""),
        where="option adopt",
        why="Its annotation does not say managed_by: dbinfra.postgres, which can only be given when a branch is made",
        remedy=f"If it is the right branch, pin it (id: {branch.id}, in an inventory: neon_branch_id) or set adopt: true",
        details={"diff": {"before": dict(plan.before), "after": dict(plan.after)}},
    )


def _sizes(compute: Compute) -> dict[str, t.Any]:
    return declared(min_cu=compute.min_cu, max_cu=compute.max_cu, suspend_timeout_seconds=compute.suspend_timeout_seconds)


def _without_type(side: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    return {key: value for key, value in side.items() if key != "type"} if side else None
