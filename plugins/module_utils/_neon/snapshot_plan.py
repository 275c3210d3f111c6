# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a snapshot. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import datetime

from .._core.errors import ImmutableError, InputError, NotConvergedError
from .._core.reconcile import Change, Plan
from .history_point import History, PastMoment, check_history, text_of
from .moments import answered_moment, at, written
from .rules import declared, require_confirmation
from .snapshot_record import OUR_PREFIX, Snapshot, SnapshotBranch


@dataclasses.dataclass(frozen=True)
class SnapshotWish:
    """A declared snapshot. None means: not declared.

    :param pinned: it was found by its id, not by its name.
    :param branch: name or id of the branch that it is taken of, as declared.
    :param ttl: seconds, counted from its creation.
    """

    name: str
    pinned: bool = False
    branch: str | None = None
    timestamp: PastMoment | None = None
    lsn: str | None = None
    expires_at: datetime.datetime | None = None
    ttl: int | None = None
    present: bool = True
    adopt: bool = False
    confirm_destroy: str | None = None


def plan_snapshot(
    snapshot: Snapshot | None, source: SnapshotBranch | None, wish: SnapshotWish, now: datetime.datetime, history: History | None = None
) -> Plan:
    """Return what brings a snapshot to its declaration.

    :param snapshot: the snapshot, None if there is none.
    :param source: the declared branch, None if it was not looked up.
    :param history: how far back the project's history reaches, None if nothing depends on it.
    :raises ImmutableError: for a difference that cannot be changed.
    :raises InputError: for an impossible declaration, or a change to a foreign snapshot.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    if not wish.present:
        return _plan_absent(snapshot, wish)
    if snapshot is None:
        return _plan_create(source, wish, now, history)
    _refuse_immutable(snapshot, source, wish)
    return _plan_update(snapshot, wish, now)


def expiry(wish: SnapshotWish, now: datetime.datetime) -> datetime.datetime | None:
    """Return when a snapshot that is made now ends, None for never."""
    return wish.expires_at if wish.ttl is None else now + datetime.timedelta(seconds=wish.ttl)


def lsn_number(lsn: str) -> int:
    """Return a place in the log as a number; ``0/0A`` and ``0/A`` are the same."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _plan_absent(snapshot: Snapshot | None, wish: SnapshotWish) -> Plan:
    if snapshot is None:
        return Plan()
    _refuse_foreign(snapshot, wish, "deleted")
    require_confirmation(wish.confirm_destroy, snapshot.name, f"delete snapshot {snapshot.name} ({snapshot.id})")
    before = declared(name=snapshot.name, source_branch_id=snapshot.source_branch_id, created_at=snapshot.created_at)
    return Plan(changes=(Change("delete", f"snapshot {snapshot.name}", {"id": snapshot.id}),), before=before)


def _plan_create(source: SnapshotBranch | None, wish: SnapshotWish, now: datetime.datetime, history: History | None) -> Plan:
    if wish.branch is None:
        raise InputError(
            f"snapshot {wish.name} does not exist, and nothing says which branch it is taken of",
            where="option branch",
            remedy="Name the branch, or correct the snapshot's name",
        )
    if source is not None and source.parent_id is not None:
        raise InputError(
            f"branch {source.name} ({source.id}) is a child of {source.parent_id}",
            where="option branch",
            why="Neon takes snapshots of root branches only",
            remedy="Name a root branch: the project's first branch, or one that was made with init_source: schema-only",
        )
    check_history(wish.timestamp, history, "option timestamp", now.timestamp())
    _refuse_past(wish, now)
    request = {
        "name": wish.name,
        "timestamp": text_of(wish.timestamp),
        "lsn": wish.lsn,
        "branch_id": None if source is None else source.id,
    }
    after = declared(
        name=wish.name,
        branch=wish.branch,
        timestamp=request["timestamp"],
        lsn=wish.lsn,
        expires_at=None if wish.expires_at is None else written(wish.expires_at),
        ttl_seconds=wish.ttl,
    )
    return Plan(changes=(Change("create", f"snapshot {wish.name}", request),), after=after)


def _refuse_past(wish: SnapshotWish, now: datetime.datetime) -> None:
    if wish.expires_at is not None and wish.expires_at <= now:
        raise InputError(
            f"{written(wish.expires_at)} is in the past",
            where="option expires_at",
            remedy="Give a time in the future, or use ttl, which is counted from the snapshot's creation",
        )


def _refuse_immutable(snapshot: Snapshot, source: SnapshotBranch | None, wish: SnapshotWish) -> None:
    have_source = snapshot.source_branch_id
    # A branch that replaced the snapshot's own, by a restore, has taken over its name.
    if source is not None and have_source is not None and have_source not in (source.id, source.restored_as):
        raise _immutable(snapshot, "branch", f"was taken of branch {have_source}, declared is {wish.branch} ({source.id})")
    taken_at = answered_moment(snapshot.timestamp)
    # Neon is asked for the exact moment and shows whole seconds.
    if wish.timestamp is not None and taken_at is not None and not _same_second(taken_at, at(wish.timestamp.seconds)):
        raise _immutable(snapshot, "timestamp", f"shows {snapshot.timestamp}, declared is {wish.timestamp.text}")
    if wish.lsn is not None and snapshot.lsn is not None and lsn_number(wish.lsn) != lsn_number(snapshot.lsn):
        raise _immutable(snapshot, "lsn", f"shows {snapshot.lsn}, declared is {wish.lsn}")


def _same_second(one: datetime.datetime, other: datetime.datetime) -> bool:
    return one.replace(microsecond=0) == other.replace(microsecond=0)


def _immutable(snapshot: Snapshot, option: str, what: str) -> ImmutableError:
    return ImmutableError(
        f"snapshot {snapshot.name} ({snapshot.id}) {what}",
        where=f"option {option}",
        why="It is fixed when a snapshot is taken",
        remedy=f"Use another name for the new snapshot, or delete this one (state: absent, confirm_destroy: {snapshot.name}) and run again",
    )


def _plan_update(snapshot: Snapshot, wish: SnapshotWish, now: datetime.datetime) -> Plan:
    want = wish.expires_at
    if want is None or want == answered_moment(snapshot.expires_at):
        return Plan()
    _refuse_past(wish, now)
    _refuse_foreign(snapshot, wish, "changed")
    change = Change("update", f"snapshot {snapshot.name}", {"id": snapshot.id, "expires_at": written(want)})
    before, after = {"name": snapshot.name, "expires_at": snapshot.expires_at}, {"name": snapshot.name, "expires_at": written(want)}
    return Plan(changes=(change,), before=before, after=after)


def _refuse_foreign(snapshot: Snapshot, wish: SnapshotWish, deed: str) -> None:
    if wish.pinned or wish.adopt or snapshot.name.startswith(OUR_PREFIX):
        return
    origin = "a schedule made it" if snapshot.manual is False else "nothing says that this collection made it"
    raise InputError(
        f"snapshot {snapshot.name} ({snapshot.id}) would be {deed}, and {origin}",
        where="option adopt",
        why=f"Its name does not begin with {OUR_PREFIX}, and it is not pinned by its id",
        remedy=f"If it is the right one, pin it (id: {snapshot.id}) or set adopt: true",
    )


def expiry_not_changed(snapshot: Snapshot, wanted: str) -> NotConvergedError:
    """Return the error for a service that accepted another expiry and did not take it over."""
    return NotConvergedError(
        f"Neon accepted the change of snapshot {snapshot.name} ({snapshot.id}) and did not make it: it ends at "
        f"{snapshot.expires_at or 'no time'}, declared is {wanted}",
        where="option expires_at",
        why="The service is known to leave the expiry of an existing snapshot as it was",
        remedy=expiry_remedy(snapshot.name),
    )


def expiry_remedy(name: str) -> str:
    """Return what is left to do where the service changes no expiry."""
    return (
        f"Declare what it is, take another snapshot with the right expiry, or delete this one (state: absent, confirm_destroy: {name}) and run again"
    )
