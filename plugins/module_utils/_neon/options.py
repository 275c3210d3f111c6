# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that all Neon modules share, and what is made of them."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .._core.runner import Context
from .client import NeonClient, open_client
from .ids import given_ids
from .records import Compute


@dataclasses.dataclass(frozen=True)
class Origin:
    """The branch that a predicted one will be a copy of. It is only looked at."""

    project_id: str
    branch_id: str


def state_options() -> dict[str, dict[str, t.Any]]:
    """Return the options of a resource that can be made and deleted."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "confirm_destroy": {"type": "str"},
    }


def child_options() -> dict[str, dict[str, t.Any]]:
    """Return the options of a resource that lives on a branch."""
    return {
        "project_id": {"type": "str"},
        "branch_id": {"type": "str"},
        "predicted": {"type": "bool", "default": False},
    }


def copy_options() -> dict[str, dict[str, t.Any]]:
    """Return the options of a resource that a copied branch comes with."""
    return {"copied_from": {"type": "str"}}


def client_of(context: Context, own: str | None = None) -> NeonClient:
    """Return the client for a task; nothing is sent yet. The options are checked even if the task is only a prediction.

    :param own: what the option ``id`` is the id of, in words; None for a module that has none.
    :raises InputError, AuthenticationError: for an unusable address, key, time or id.
    """
    params = context.params
    given = given_ids(params, own)
    return open_client(params["api_host"], params["api_key"], params["timeout"], given=given)


def compute_of(options: t.Mapping[str, t.Any] | None) -> Compute:
    """Return the sizes that a dictionary of options declares."""
    said = options or {}
    return Compute(min_cu=said.get("min_cu"), max_cu=said.get("max_cu"), suspend_timeout_seconds=said.get("suspend_timeout_seconds"))


def refuse_both(given: t.Mapping[str, t.Any], one: str, other: str, place: str = "") -> None:
    """Refuse two options of which one can be given. An empty text, as a template without a value gives it, is not given.

    :param place: the option that both belong to, with a full stop at its end.
    :raises InputError: if both are given.
    """
    if given.get(one) and given.get(other):
        raise both_given(place + one, place + other)


def both_given(one: str, other: str) -> InputError:
    """Return the error for two options of which one can be given."""
    return InputError("both are given", where=f"options {one} and {other}", remedy="Give one of them")


def refuse_empty_end(text: str, option: str, otherwise: str) -> None:
    """Refuse an empty text as the end of an object: an unset variable gives it, and what should end would stay for ever.

    :param otherwise: what to give for an object that does not end.
    :raises InputError: naming the option.
    """
    if not text.strip():
        raise InputError(
            "it is empty",
            where=f"option {option}",
            why="An unset variable gives that, and what is to end would stay for ever",
            remedy=f"Give a {'span, or' if option == 'ttl' else 'time, or'} {otherwise}",
        )


def is_predicted(context: Context) -> bool:
    """Tell whether the parents of this object are only predicted by an earlier task of the same check.

    :raises InputError: outside check mode, where nothing is predicted.
    """
    if not context.params["predicted"]:
        return False
    if not context.check_mode:
        raise InputError(
            "it is true outside check mode",
            where="option predicted",
            why="Only a check can build on an object that an earlier task predicted",
            remedy="Set it to whether the earlier task's result says exists: false",
        )
    return True


def origin_of(context: Context) -> Origin | None:
    """Return what the predicted branch of this task will be a copy of, None if that is not known. Only asked if :func:`is_predicted`."""
    project_id, branch_id = context.params["project_id"], context.params["copied_from"]
    return Origin(str(project_id), str(branch_id)) if project_id and branch_id else None


def parent_id(context: Context, option: str, parent: str) -> str:
    """Return the id of the object's parent.

    :raises NotFoundError: if it is empty; another parent is never taken instead.
    """
    value = context.params[option]
    if value:
        return str(value)
    raise NotFoundError(
        f"there is no {parent}: the id is empty",
        where=f"option {option}",
        remedy=f"Make the {parent} first and hand over its id; in check mode, when it is only predicted, set predicted: true as well",
    )
