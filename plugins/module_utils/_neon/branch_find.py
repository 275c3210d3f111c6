# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding a branch, and what its plan depends on. Reads only, and lists all branches only when something depends on all of them."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .answers import required
from .branch_copy import deeds_matter_since
from .branch_parent import ForeseenParent
from .branch_state import BranchState, wants_children
from .branch_wish import BranchWish
from .client import NeonClient, path_of
from .endpoint import endpoints_of
from .history_point import History, history_of
from .ids import wrong_pin
from .lists import branch_called, branch_named, branches_by_name, branches_matching, called
from .operations import deeds_since
from .records import Branch, branch_answer, branch_from, project_from


def look(
    client: NeonClient, project_id: str, wish: BranchWish, known: str | None, *, done: bool, parent: ForeseenParent | None = None
) -> BranchState:
    """Return the branch and what its plan depends on.

    :param known: the id that is pinned or was made; the branch is then found by it.
    :param done: the reset, restore or deletion was made by this task; what it depended on is not looked at again.
    :param parent: the parent as an earlier task of the same check foresaw it; it is not looked up then.
    """
    state = _find(client, project_id, wish, known)
    branch = state.branch
    if branch is None and wish.absent and known is not None and not done:
        _refuse_another(client, project_id, wish, known)
    if branch is None:
        return _with_source(client, project_id, wish, state, parent)
    if wish.replaced and state.preserved is not None and not done:
        since = deeds_matter_since(branch, state.preserved)
        state = state if since is None else dataclasses.replace(state, deeds=deeds_since(client, project_id, since))
    elif wish.replaced and not done:
        state = _with_family(client, project_id, wish, state, branch)
    elif wants_children(branch, wish):
        listed = _everything(client, project_id)
        state = dataclasses.replace(state, children=_children(listed, branch), first=_is_first(listed, branch))
    if not wish.absent and (wish.compute is not None or wish.connects):
        state = dataclasses.replace(state, endpoints=endpoints_of(client, project_id, branch.id or ""))
    return state


def _find(client: NeonClient, project_id: str, wish: BranchWish, known: str | None) -> BranchState:
    # The other name that matters: the one that the branch gets, or that its replaced content is kept under.
    other = wish.new_name if wish.present else wish.preserve_under_name if wish.replaced else None
    names = [wish.name] if other is None else [wish.name, other]
    if known is None:
        by_name = {name: data and branch_from(data, project_id) for name, data in branches_by_name(client, project_id, names).items()}
        branch, also = by_name[wish.name], by_name[other] if other else None
    else:
        branch = _by_id(client, project_id, wish, known)
        also = None
        if other is not None and (branch is None or branch.name != other):
            data = branches_by_name(client, project_id, [other])[other]
            also = data and branch_from(data, project_id)
    if wish.replaced:
        return BranchState(branch, preserved=also)
    if branch is None and wish.present:
        # Renamed by an earlier run.
        return BranchState(also)
    return BranchState(branch, taken=also)


def _by_id(client: NeonClient, project_id: str, wish: BranchWish, known: str) -> Branch | None:
    try:
        answer = client.get(path_of("projects", project_id, "branches", known))
    except NotFoundError:
        if wish.absent:
            return None
        raise
    branch = branch_answer(answer, project_id, f"branch {known}")
    if branch.name not in (wish.name, wish.final_name):
        raise InputError(
            f"the branch with the pinned id {known} is named {branch.name!r}, declared is {wish.name!r}",
            where="options id and name",
            remedy="Correct the one that is wrong",
        )
    return branch


def _refuse_another(client: NeonClient, project_id: str, wish: BranchWish, pinned: str) -> None:
    """Refuse to call a branch absent by a pinned id that nothing has, while its name is there.

    :raises NotFoundError: naming the id that the name has; also if there is no such project.
    """
    other = branch_named(client, project_id, wish.name)
    if other is not None:
        raise wrong_pin("branch", pinned, f"named {wish.name!r}", [str(other.get("id"))], f"project {project_id}")


def with_foreseen(state: BranchState, parent: ForeseenParent | None) -> BranchState:
    """Return the state of a branch yet to be made, with its parent as an earlier task foresaw it."""
    if parent is None or state.branch is not None:
        return state
    return dataclasses.replace(state, source=parent.branch, origin=parent.origin, source_expires=parent.expires)


def _with_source(client: NeonClient, project_id: str, wish: BranchWish, state: BranchState, parent: ForeseenParent | None) -> BranchState:
    """Look at the parent of a branch that has to be made."""
    if not wish.present or wish.new_name is not None or wish.parent is None:
        return state
    if parent is None:
        source = branch_from(branch_called(client, project_id, wish.parent, where="option parent", variable="neon_branch_parent"), project_id)
        state = dataclasses.replace(state, source=source, origin=source.id)
    else:
        state = with_foreseen(state, parent)
    return dataclasses.replace(state, history=None if wish.parent_timestamp is None else project_history(client, project_id))


def _with_family(client: NeonClient, project_id: str, wish: BranchWish, state: BranchState, branch: Branch) -> BranchState:
    """Look at the children and the source of a branch that is to be reset or restored: one list tells all."""
    listed = _everything(client, project_id)
    restore = wish.restore
    if restore is None:
        source = next((data for data in listed if data.get("id") == branch.parent_id), None)
    elif restore.source is None:
        source = next((data for data in listed if data.get("id") == branch.id), None)
    else:
        source = called(listed, project_id, restore.source, where="option restore.source")
    history = None if restore is None or restore.timestamp is None else project_history(client, project_id)
    return dataclasses.replace(
        state,
        source=None if source is None else branch_from(source, project_id),
        children=_children(listed, branch),
        history=history,
    )


def _everything(client: NeonClient, project_id: str) -> list[dict[str, t.Any]]:
    return branches_matching(client, project_id, None)


def _children(listed: t.Iterable[t.Mapping[str, t.Any]], branch: Branch) -> tuple[str, ...]:
    return tuple(sorted(str(data.get("name")) for data in listed if data.get("parent_id") == branch.id))


def _is_first(listed: t.Sequence[t.Mapping[str, t.Any]], branch: Branch) -> bool:
    """Tell whether it is the project's first branch; lists are ordered by age.

    The kept copy of a restored root is a root as well, and so is a schema-only branch, yet both can be deleted.
    """
    return branch.parent_id is None and bool(listed) and listed[0].get("id") == branch.id


def project_history(client: NeonClient, project_id: str) -> History:
    """Return how far the project's history reaches back; one request."""
    answer = client.get(path_of("projects", project_id))
    return history_of(project_from(required(answer, "project", dict, f"project {project_id}")))
