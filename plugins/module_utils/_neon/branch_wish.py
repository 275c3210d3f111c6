# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is declared of a branch, read from a task's options. Everything that is wrong whatever Neon says is refused here. Pure functions."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .history_point import PastMoment, past_moment
from .moments import at, lsn, moment, span, span_words, written
from .names import check_name
from .options import both_given, compute_of, refuse_both, refuse_empty_end
from .records import Compute
from .rules import check_compute

# Neon deletes an expiring branch after 30 days at the latest.
LONGEST_LIFE_SECONDS: t.Final = 30 * 86400
_NEVER: t.Final = "never"
# What is said of a branch that is to be there. A reset or a restore would not do it.
_OF_PRESENT: t.Final = (
    "new_name",
    "parent",
    "predicted_parent",
    "parent_timestamp",
    "parent_lsn",
    "init_source",
    "protected",
    "default",
    "archived",
    "expires_at",
    "ttl",
    "renew",
    "compute",
)


@dataclasses.dataclass(frozen=True)
class Expiry:
    """When a branch is to be deleted by Neon.

    :param until: the time as the API takes it, None for never.
    :param seconds: the same in seconds since 1970.
    :param ttl: the span that was declared; it is set when the branch is made, and again only if it is to be renewed.
    """

    until: str | None
    seconds: float | None = None
    ttl: str | None = None
    renew: bool = False

    def words(self) -> str:
        """Return what is declared. The end of a span depends on when a run comes to it, so the span itself is shown."""
        return f"{self.ttl} from now" if self.ttl else self.until or _NEVER


@dataclasses.dataclass(frozen=True)
class RestoreWish:
    """What a branch is to be restored to.

    :param source: name or id of the branch whose history is taken, None for the branch itself.
    :param timestamp: the moment in that history.
    :param lsn: the place in its log.
    """

    source: str | None = None
    timestamp: PastMoment | None = None
    lsn: str | None = None


@dataclasses.dataclass(frozen=True)
class BranchWish:
    """A declared branch. None means: not declared.

    :param parent: name or id of the branch that it starts from, as declared.
    :param compute: its read-write compute.
    :param preserve_under_name: the name of the copy of what a reset or a restore replaces.
    :param preserve: False if a reset is to keep no such copy.
    :param adopt: a branch that this collection did not make may be changed.
    :param connects: the task's result is to say how a database is reached.
    :param now: the time of the task in seconds since 1970.
    """

    name: str
    parent: str | None = None
    init_source: str | None = None
    protected: bool | None = None
    default: bool | None = None
    state: str = "present"
    confirm_destroy: str | None = None
    new_name: str | None = None
    parent_timestamp: PastMoment | None = None
    parent_lsn: str | None = None
    archived: bool | None = None
    expiry: Expiry | None = None
    compute: Compute | None = None
    restore: RestoreWish | None = None
    preserve_under_name: str | None = None
    preserve: bool = True
    adopt: bool = False
    connects: bool = False
    now: float = 0.0

    @property
    def present(self) -> bool:
        """Tell whether the branch is to be made if it is not there."""
        return self.state == "present"

    @property
    def absent(self) -> bool:
        """Tell whether the branch is to be deleted."""
        return self.state == "absent"

    @property
    def replaced(self) -> bool:
        """Tell whether the branch's content is to be replaced."""
        return self.state in ("reset", "restored")

    @property
    def final_name(self) -> str:
        """Return the name that the branch has when everything is done."""
        return self.new_name or self.name


def checked_ttl(text: str) -> int:
    """Return a time to live in seconds.

    :raises InputError: if it is none, or longer than Neon keeps an expiring branch.
    """
    seconds = span(text, "option ttl")
    if seconds > LONGEST_LIFE_SECONDS:
        raise InputError(f"{text} is {span_words(seconds)}, Neon keeps an expiring branch for 30 d at most", where="option ttl", remedy="Shorten it")
    return seconds


def wish_from(params: t.Mapping[str, t.Any], now: float) -> BranchWish:
    """Read the options.

    :param now: seconds since 1970.
    :raises InputError: naming the option that is wrong.
    """
    state = params["state"]
    check_name(params["name"] or "", "name")
    for option in ("new_name", "preserve_under_name"):
        if params[option] is not None:
            check_name(params[option], option)
    _refuse_strangers(params, state)
    refuse_both(params, "parent_timestamp", "parent_lsn")
    wish = BranchWish(
        name=params["name"],
        parent=params["parent"] or None,
        init_source=params["init_source"],
        protected=params["protected"],
        default=params["default"],
        state=state,
        confirm_destroy=params["confirm_destroy"],
        new_name=params["new_name"],
        parent_timestamp=past_moment(params["parent_timestamp"], "option parent_timestamp", now),
        parent_lsn=lsn(params["parent_lsn"], "option parent_lsn") if params["parent_lsn"] else None,
        archived=params["archived"],
        expiry=_expiry(params, now) if state == "present" else None,
        compute=compute_of(params["compute"]) if params["compute"] is not None else None,
        restore=_restore(params, now) if state == "restored" else None,
        preserve_under_name=params["preserve_under_name"],
        preserve=params["preserve"],
        adopt=params["adopt"] or bool(params["id"]),
        connects=bool(params["database"]),
        now=now,
    )
    _check_together(wish)
    return wish


def _refuse_strangers(params: t.Mapping[str, t.Any], state: str) -> None:
    """Refuse options that the state has no use for: who gives them expects something that would not happen."""
    if state in ("reset", "restored"):
        for option in _OF_PRESENT:
            # Of these, renew alone has a default.
            if params[option] not in (None, "") and (option != "renew" or params[option]):
                raise InputError(
                    f"it has no meaning with state: {state}", where=f"option {option}", remedy="Remove it, or declare it in a task of its own"
                )
    if state not in ("reset", "restored") and params["preserve_under_name"] is not None:
        raise InputError(f"it has no meaning with state: {state}", where="option preserve_under_name", remedy="It is for state: reset and restored")
    if state != "restored" and params["restore"] is not None:
        raise InputError(f"it has no meaning with state: {state}", where="option restore", remedy="Remove it, or set state: restored")


def _check_together(wish: BranchWish) -> None:
    if wish.new_name == wish.name:
        raise InputError("it is the present name", where="option new_name", remedy="Remove it, or give the name that the branch is to get")
    if wish.compute is not None:
        check_compute(wish.compute, "option compute")
        if wish.archived:
            raise InputError("an archived branch has no running compute", where="options archived and compute", remedy="Remove one of them")
    if wish.archived and wish.protected:
        raise InputError("a protected branch cannot be archived", where="options archived and protected", remedy="Remove one of them")
    if wish.expiry is not None and wish.expiry.until is not None:
        for option in ("default", "protected"):
            if getattr(wish, option):
                raise InputError(
                    f"a branch with {option}: true cannot expire", where=f"options {option} and {_expiry_option(wish)}", remedy="Remove one of them"
                )
    if wish.replaced:
        _check_preserving(wish)


def _expiry_option(wish: BranchWish) -> str:
    return "ttl" if wish.expiry is not None and wish.expiry.ttl else "expires_at"


def _check_preserving(wish: BranchWish) -> None:
    what = "reset" if wish.state == "reset" else "restore"
    if wish.preserve_under_name == wish.name:
        raise InputError("it is the branch's own name", where="option preserve_under_name", remedy="Choose a name that no branch has yet")
    if wish.restore is not None and wish.restore.source is not None and wish.restore.source == wish.preserve_under_name:
        raise copy_is_source(wish.restore.source)
    if not wish.preserve and wish.preserve_under_name is not None:
        raise InputError("a copy is named and refused", where="options preserve and preserve_under_name", remedy="Remove one of them")
    if not wish.preserve and wish.state == "restored":
        raise InputError("a restore always keeps a copy of what it replaces", where="option preserve", remedy="Remove it and set preserve_under_name")
    if wish.preserve and wish.preserve_under_name is None:
        raise InputError(
            f"nothing says where the present content of branch {wish.name} is kept",
            where="option preserve_under_name",
            why=f"The {what} replaces it, and the kept copy is how a later run knows that the {what} was done",
            remedy="Give a name that no branch has yet" + (", or say preserve: false if the content may be lost" if what == "reset" else ""),
        )


def copy_is_source(source: str) -> InputError:
    """Return the error for a restore that is to keep its copy under the name that its source has.

    :param source: as declared, a name or an id.
    """
    return InputError(
        f"both are the branch {source}",
        where="options restore.source and preserve_under_name",
        why="A branch of that name would pass for the kept copy, and nothing would be restored",
        remedy="Choose as preserve_under_name a name that no branch has yet",
    )


def _expiry(params: t.Mapping[str, t.Any], now: float) -> Expiry | None:
    text, ttl, renew = params["expires_at"], params["ttl"], params["renew"]
    if text is not None and ttl is not None:
        raise both_given("expires_at", "ttl")
    if renew and ttl is None:
        raise InputError("there is no ttl to renew", where="option renew", remedy="Give ttl as well, or remove renew")
    if ttl is not None:
        refuse_empty_end(ttl, "ttl", "leave the option out")
        seconds = checked_ttl(ttl)
        # Neon takes whole seconds.
        until = at(int(now) + seconds)
        return Expiry(written(until), until.timestamp(), ttl, renew)
    if text is None:
        return None
    where = "option expires_at"
    if text.strip().lower() == _NEVER:
        return Expiry(None)
    refuse_empty_end(text, "expires_at", f"{_NEVER} for a branch that does not expire")
    point = moment(text, where).replace(microsecond=0)
    left = point.timestamp() - now
    if left <= 0:
        raise InputError(f"{written(point)} is past (it is {written(at(int(now)))})", where=where, remedy="Give a time that is to come")
    if left > LONGEST_LIFE_SECONDS:
        raise InputError(
            f"{written(point)} is {span_words(left)} from now, Neon keeps an expiring branch for 30 d at most",
            where=where,
            remedy="Give an earlier time",
        )
    return Expiry(written(point), point.timestamp())


def _restore(params: t.Mapping[str, t.Any], now: float) -> RestoreWish:
    said = params["restore"] or {}
    source = said.get("source") or None
    refuse_both(said, "timestamp", "lsn", "restore.")
    timestamp = past_moment(said.get("timestamp"), "option restore.timestamp", now)
    place = lsn(said["lsn"], "option restore.lsn") if said.get("lsn") else None
    if source is None and timestamp is None and place is None:
        raise InputError(
            "nothing says what the branch is restored to", where="option restore", remedy="Give timestamp or lsn, or another branch as source"
        )
    return RestoreWish(source, timestamp, place)
