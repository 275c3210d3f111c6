# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neon's asynchronous operations: a change is done when its operations are."""

from __future__ import annotations

import datetime
import typing as t

from .._core.errors import ProviderError, UnreachableError
from .answers import optional, required
from .client import NeonClient, Query, path_of
from .lists import moved
from .moments import answered_moment
from .records import Deed

SUCCESS: t.Final = frozenset({"finished", "skipped"})
FAILURE: t.Final = frozenset({"failed", "error", "cancelled"})
_FIRST_PAUSE: t.Final = 0.1
_LONGEST_PAUSE: t.Final = 1.0
_PAGE: t.Final = 100
_LONGEST_PAGE: t.Final = 1000
# Neon may drop operations after six months. A list that ends is complete for so many seconds at least.
_REMEMBERED: t.Final = 150 * 86400


def wait_for(client: NeonClient, project_id: str, operations: t.Any) -> None:
    """Poll operations until all of them ended well. A state that is not known counts as pending.

    :param operations: the ``operations`` list of an answer; None counts as empty.
    :raises ProviderError: if one failed.
    :raises UnreachableError: if the deadline is over before.
    """
    for operation in operations or []:
        _wait_for_one(client, project_id, operation)


def wait_until_settled(client: NeonClient, project_id: str) -> None:
    """Wait for the newest operations of a project: those of a change whose answer was lost are not known by id."""
    answer = client.get(path_of("projects", project_id, "operations"), {"limit": _PAGE})
    listed = required(answer, "operations", list, f"operations of project {project_id}")
    # A failure of long ago is none of this change's business: only what still runs is waited for.
    wait_for(client, project_id, [operation for operation in listed if _status(operation) not in SUCCESS | FAILURE])


def deeds_since(client: NeonClient, project_id: str, since: datetime.datetime) -> tuple[Deed, ...] | None:
    """Return a project's operations back to a time, None if they are not known that far back: Neon drops those of six months ago.

    The list begins with the newest ones, and is not read any further than needed.
    """
    found: list[Deed] = []
    cursor: str | None = None
    where = f"operations of project {project_id}"
    while True:
        query: Query = {"limit": _LONGEST_PAGE, "cursor": cursor}
        answer = client.get(path_of("projects", project_id, "operations"), query)
        page = [_deed(operation) for operation in required(answer, "operations", list, where)]
        found += page
        if any(deed.began is not None and deed.began < since for deed in page):
            return tuple(found)
        following = optional(optional(answer, "pagination", dict, where) or {}, "cursor", str, where)
        if len(page) < _LONGEST_PAGE or not following:
            return tuple(found) if client.deadline.clock.now() - since.timestamp() < _REMEMBERED else None
        cursor = moved(cursor, following, "operations")


def _deed(operation: t.Any) -> Deed:
    where = "an operation"
    return Deed(
        action=optional(operation, "action", str, where) or "",
        branch_id=optional(operation, "branch_id", str, where),
        began=answered_moment(optional(operation, "created_at", str, where)),
        ended=answered_moment(optional(operation, "updated_at", str, where)),
    )


def _wait_for_one(client: NeonClient, project_id: str, operation: t.Any) -> None:
    pause = _FIRST_PAUSE
    while True:
        status = _status(operation)
        if status in SUCCESS:
            return
        if status in FAILURE:
            raise ProviderError(
                f"Neon's operation {_words(operation)} ended as {status}",
                where=f"project {project_id}",
                why=optional(operation, "error", str, "an operation") or "Neon gives no reason",
                remedy="Run again; if it fails again, quote the operation's id to Neon's support",
                details={"neon_operation_id": operation.get("id"), "neon_operation_status": status},
            )
        if not client.pause(pause):
            raise UnreachableError(
                f"Neon's operation {_words(operation)} is still {status} at the deadline of {client.deadline.seconds:.0f} s",
                where=f"project {project_id}",
                remedy="Run again: what was made so far is adopted. Raise the option timeout if this happens often",
                details={"neon_operation_id": operation.get("id"), "neon_operation_status": status},
            )
        pause = min(_LONGEST_PAUSE, pause * 2)
        operation_id = required(operation, "id", str, "an operation")
        answer = client.get(path_of("projects", project_id, "operations", operation_id))
        operation = required(answer, "operation", dict, f"operation {operation_id}")


def _status(operation: t.Any) -> str:
    return required(operation, "status", str, "an operation")


def _words(operation: t.Mapping[str, t.Any]) -> str:
    return f"{operation.get('action') or 'without a name'} ({operation.get('id')})"
