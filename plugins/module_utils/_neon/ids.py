# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids that options give: what they look like, and which of them a refusal of Neon is about. Pure functions."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from .._core.errors import DbinfraError, InputError, NotFoundError
from .failures import Refusal

# Neon's API description: the pattern of project_id, branch_id, endpoint_id, snapshot_id and org_id in addresses.
_FORM: t.Final = re.compile(r"[a-z0-9-]{1,60}\Z")
_LIKE: t.Final = {"project": "late-frost-12345678", "branch": "br-late-frost-12345678", "organization": "org-late-frost-12345678"}
# What Neon's messages call the objects of addresses.
_OBJECTS: t.Final = re.compile(r"project|branch|endpoint|compute|snapshot|organization|role|database|operation|\borg(?=_id\b)", re.IGNORECASE)
_SAME: t.Final = {"compute": "endpoint", "org": "organization"}
# Parts of a query that no user gives.
_PAGING: t.Final = frozenset({"cursor", "limit", "sort_by", "sort_order"})


@dataclasses.dataclass(frozen=True)
class Given:
    """What a user says of an object that stands in the address of requests.

    :param where: the option in words.
    :param value: the id, or a role's name.
    :param kind: what it is: ``project``, ``branch``, ``endpoint``, ``snapshot``, ``organization`` or ``role``.
    """

    where: str
    value: str
    kind: str

    def remedy(self) -> str:
        """Return what to do if Neon does not know it."""
        if self.kind == "role":
            return "Correct the name (it is compared exactly), or make the role first"
        if self.where == "option id":
            recover = ". A project deleted within the last 7 days can be recovered in the console" if self.kind == "project" else ""
            return f"Correct the pinned id, or remove it if the {self.kind} is to be found by its name or made{recover}"
        like = f", it looks like {_LIKE[self.kind]}" if self.kind in _LIKE else ""
        return f"Correct it: the {self.kind}'s id is asked for, not its name{like}"


def given_ids(options: t.Mapping[str, t.Any], own: str | None = None) -> tuple[Given, ...]:
    """Return the ids among a task's options; an empty one is none.

    :param own: what the option ``id`` is the id of.
    :raises InputError: for one that cannot be an id. It could not stand in the address of a request.
    """
    kinds = {"project_id": "project", "branch_id": "branch", "copied_from": "branch", "org_id": "organization", **({"id": own} if own else {})}
    found = tuple(Given(f"option {option}", str(options[option]), kind) for option, kind in kinds.items() if options.get(option))
    for given in found:
        if not _FORM.match(given.value):
            like = f" and looks like {_LIKE[given.kind]}" if given.kind in _LIKE else ""
            raise InputError(
                f"{given.value!r} is no id",
                where=given.where,
                why=f"The id of {'an' if given.kind[0] in 'aeo' else 'a'} {given.kind} has 1 to 60 small letters, digits and hyphens{like}",
                remedy="Copy it from the console, or take it from the result of a task",
            )
    return found


def wrong_pin(kind: str, pinned: str, named: str, ids: t.Sequence[str], within: str = "") -> NotFoundError:
    """Return the error for an object that is to be absent, whose pinned id nothing has, while its name is there under another one.

    :param kind: what it is, for example ``branch``.
    :param named: what is declared of it, for example ``named 'staging'``; may be empty.
    :param ids: the ids of what fits that.
    :param within: what it belongs to, for example ``project quiet-sun-12345678``.
    """
    one = len(ids) == 1
    others = " ".join(part for part in (f"there is a {kind}" if one else f"there are {len(ids)} {kind}s", named) if part)
    return NotFoundError(
        f"no {kind}{f' of {within}' if within else ''} has this id, while {others}",
        where=f"option id ({pinned})",
        why=f"{'Its id is' if one else 'Their ids are'} {', '.join(ids)}, so nothing was removed",
        remedy="Pin the right id, or remove the option if the name alone counts",
        details={"ids": list(ids)},
    )


def explain_ids(error: DbinfraError, refusal: Refusal, query: t.Mapping[str, t.Any], given: t.Iterable[Given]) -> None:
    """Let the error of a refusal name the options whose ids Neon does not know or take; others stay as they are.

    Every task reads before it changes anything, so a change that is refused is not about them.

    :param query: of the refused request.
    """
    if refusal.method != "GET":
        return
    segments = {urllib.parse.unquote(segment) for segment in refusal.path.split("/")}
    asked = [item for item in given if item.value in segments | {str(value) for value in query.values()}]
    guilty = _unknown(refusal, asked) if refusal.status == 404 else _not_taken(refusal, query, asked) if refusal.status in (400, 422) else []
    if not guilty:
        return
    places = [f"{item.where.removeprefix('option ')} ({item.value})" for item in guilty]
    options = all(item.where.startswith("option ") for item in guilty)
    prefix = ("options " if len(guilty) > 1 else "option ") if options else ""
    what = f"this {guilty[0].kind}" if len(guilty) == 1 else "this object"
    error.why = f"{refusal.where()}: {refusal.words()}"
    error.where = prefix + ", ".join(places[:-1]) + (" and " if len(guilty) > 1 else "") + places[-1]
    error.what = (
        f"Neon does not know {what}, or the API key may not see it"
        if refusal.status == 404
        else f"Neon does not take {'this id' if len(guilty) == 1 else 'one of these ids'}"
    )
    remedies = list(dict.fromkeys(item.remedy() for item in guilty))
    if refusal.status == 404:
        remedies.append("Check that the API key belongs to the right account or organization")
    error.remedy = ". ".join(remedies)


def _unknown(refusal: Refusal, asked: list[Given]) -> list[Given]:
    """Return what a 404 is about: the object that it names first, or any of them if it names none."""
    kind = _first_object(refusal)
    return asked if kind is None else [item for item in asked if item.kind == kind]


def _not_taken(refusal: Refusal, query: t.Mapping[str, t.Any], asked: list[Given]) -> list[Given]:
    """Return what a 400 is about: what it quotes; if it quotes nothing and the request asked by nothing but ids, what a 404 would be about."""
    quoted = [item for item in asked if re.search(rf"(?<![\w-]){re.escape(item.value)}(?![\w-])", refusal.message)]
    if quoted:
        return quoted
    plain = {key for key, value in query.items() if value is not None} <= _PAGING | {"org_id", "branch_id"}
    return _unknown(refusal, asked) if plain else []


def _first_object(refusal: Refusal) -> str | None:
    match = _OBJECTS.search(refusal.message)
    return None if match is None else _SAME.get(match[0].lower(), match[0].lower())
