# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parent of a branch as an earlier task of the same play returned it. Pure functions.

A check makes no branch, so the parent that an earlier task would make cannot be looked up. What that task returned is all that is known of it,
and it says more than a look at the account would: also what the task would have changed of a branch that is there.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .records import Branch

WHERE: t.Final = "option predicted_parent"


@dataclasses.dataclass(frozen=True)
class ForeseenParent:
    """A parent that may be no more than a prediction.

    :param branch: its ``id`` is None if it is.
    :param origin: id of the branch that has its content at present: itself, or what it will be copied from; None if nobody knows.
    :param expires: whether it will be deleted by Neon some day. When is not known of a time to live that begins with a run.
    """

    branch: Branch
    origin: str | None = None
    expires: bool = False


def foreseen_parent(params: t.Mapping[str, t.Any], *, check_mode: bool) -> ForeseenParent | None:
    """Read the option; None if it is not given, and outside check mode, where the parent is looked up.

    :raises InputError: if it is no such result, or that of another branch, or a mere prediction outside check mode.
    """
    said = params["predicted_parent"]
    if said is None:
        return None
    name = said.get("name")
    if not isinstance(said.get("exists"), bool) or not isinstance(name, str) or not name:
        raise InputError(
            "it is no result of neon_branch",
            where=WHERE,
            remedy="Register the task that makes the parent, for example as staging, and give staging.branch",
        )
    # By its name: the id is null in a check, and a name that does not fit is a typing error that a prediction must not hide.
    if params["parent"] != name:
        raise InputError(
            f"it is about branch {name!r}, and the parent is {params['parent']!r}",
            where=f"{WHERE}, option parent",
            remedy="Name the parent (not its id), and give the result of the task for that very branch",
        )
    other = said.get("project_id")
    if other and params["project_id"] and other != params["project_id"]:
        raise InputError(f"it is about a branch of project {other}", where=WHERE, remedy="Give the result for a branch of the same project")
    if not check_mode:
        if not said["exists"]:
            raise InputError(
                f"branch {name} is only predicted, but this is no check mode",
                where=WHERE,
                remedy="Give the result of a task of this very run, which makes the branch",
            )
        return None
    branch = Branch(
        id=said.get("id") or None,
        project_id=None,
        name=name,
        default=bool(said.get("default")),
        protected=bool(said.get("protected")),
        init_source=said.get("init_source"),
        expires_at=said.get("expires_at"),
    )
    return ForeseenParent(branch, branch.id or said.get("copied_from") or None, bool(said.get("expires")))
