# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding a snapshot, and showing it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .answers import required
from .client import NeonClient, path_of
from .lists import only
from .snapshot_record import Snapshot, snapshot_from


def find_snapshot(client: NeonClient, project_id: str, name: str, known: str | None) -> Snapshot | None:
    """Return the snapshot with the known id, or else the one with exactly this name, or None. One request; the list has no pages.

    :raises AmbiguousError: if several have the name.
    :raises InputError: if the one with the known id has another name.
    """
    listed = _listed(client, project_id)
    if known is None:
        data = only([item for item in listed if item.get("name") == name], f"snapshot {name!r} of project {project_id}")
        return None if data is None else snapshot_from(data)
    for item in listed:
        if item.get("id") == known:
            snapshot = snapshot_from(item)
            if snapshot.name != name:
                raise InputError(
                    f"the snapshot with the pinned id {known} is named {snapshot.name!r}, declared is {name!r}",
                    where="options id and name",
                    remedy="Correct the one that is wrong",
                )
            return snapshot
    return None


def snapshots_named(client: NeonClient, project_id: str, name: str) -> list[str]:
    """Return the ids of all snapshots with exactly this name. One request."""
    return sorted(str(item.get("id")) for item in _listed(client, project_id) if item.get("name") == name)


def no_snapshot(project_id: str, pinned: str) -> NotFoundError:
    """Return the error for a pinned id that no snapshot has."""
    return NotFoundError(
        f"project {project_id} has no snapshot with this id",
        where=f"option id ({pinned})",
        remedy="Correct the pinned id, or remove it if the snapshot is to be found by its name or taken; one that expired is gone",
    )


def _listed(client: NeonClient, project_id: str) -> list[dict[str, t.Any]]:
    return required(client.get(path_of("projects", project_id, "snapshots")), "snapshots", list, "the list of snapshots")


def snapshot_facts(snapshot: Snapshot | None, name: str, project_id: str | None) -> dict[str, t.Any]:
    """Return a snapshot as a result shows it; nulls for one that is not there."""
    if snapshot is None:
        fields: dict[str, t.Any] = {field.name: None for field in dataclasses.fields(Snapshot)}
        fields["name"] = name
    else:
        fields = dataclasses.asdict(snapshot)
    return {"exists": snapshot is not None, "project_id": project_id, **fields}
