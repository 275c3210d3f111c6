# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is in an account, asked without the modules, and held against what there has to be."""

from __future__ import annotations

import dataclasses
import typing as t

from generated.declarations import DATABASE, DECOYS, OWNER, IdOf, Moment
from generated.model import READ_WRITE, SIZE_OPTIONS, Branch, Compute, Model

from emulators.fixtures import LocalNeon

Json = dict[str, t.Any]

#: What changes by itself.
VOLATILE = {"updated_at", "state_changed_at", "current_state", "pending_state", "last_active", "started_at", "suspended_at", "logical_size"}
#: What a running compute uses up.
VOLATILE |= {"active_time_seconds", "compute_time_seconds", "cpu_used_sec", "written_data_bytes", "data_transfer_bytes"}
VOLATILE |= {"active_time", "compute_last_active_at", "synthetic_storage_size", "data_storage_bytes_hour"}
#: The options of sizes as the API calls them.
FIELDS = dict(zip(SIZE_OPTIONS, ("autoscaling_limit_min_cu", "autoscaling_limit_max_cu", "suspend_timeout_seconds"), strict=True))


def steady(item: Json) -> Json:
    """What of an object does not change by itself."""
    return {key: value for key, value in item.items() if key not in VOLATILE}


@dataclasses.dataclass(frozen=True)
class Project:
    """One look at a project. The branches are there by their names."""

    neon: LocalNeon
    id: str
    branches: dict[str, Json]
    endpoints: list[Json]
    snapshots: list[Json]

    @classmethod
    def look(cls, neon: LocalNeon, project_id: str) -> Project:
        """Look at it."""
        base = f"/projects/{project_id}"
        listed = neon.get(f"{base}/branches?limit=1000&sort_by=name&sort_order=asc")["branches"]
        assert len({branch["name"] for branch in listed}) == len(listed), "a branch is there twice"
        endpoints = sorted(neon.get(f"{base}/endpoints")["endpoints"], key=lambda each: each["id"])
        return cls(neon, project_id, {each["name"]: each for each in listed}, endpoints, neon.get(f"{base}/snapshots")["snapshots"])

    def computes(self, branch: Json) -> dict[str | None, Json]:
        """The branch's computes; the read-write one has no name here."""
        found = [each for each in self.endpoints if each["branch_id"] == branch["id"]]
        by_name = {READ_WRITE if each["type"] == "read_write" else each["name"]: each for each in found}
        assert len(by_name) == len(found), "a compute is there twice"
        return by_name

    def roles(self, branch: Json) -> list[str]:
        """The names of the branch's roles."""
        return [role["name"] for role in self.neon.get(f"/projects/{self.id}/branches/{branch['id']}/roles")["roles"]]

    def databases(self, branch: Json) -> dict[str, str]:
        """The branch's databases with their owners."""
        listed = self.neon.get(f"/projects/{self.id}/branches/{branch['id']}/databases")["databases"]
        return {each["name"]: each["owner_name"] for each in listed}

    def id_of(self, wanted: IdOf) -> str:
        """The id that a declaration pins."""
        kind, *names = wanted.path
        if kind == "project":
            return self.id
        if kind == "snapshot":
            return next(each["id"] for each in self.snapshots if each["name"] == names[0])
        branch = self.branches[str(names[0])]
        return branch["id"] if kind == "branch" else self.computes(branch)[names[1]]["id"]


class Bystanders:
    """What nobody declared: a project with a name that is nearly the declared one, and things in the declared project that somebody made by hand."""

    def __init__(self, neon: LocalNeon, name: str) -> None:
        self._neon = neon
        self._other = neon.post("/projects", {"project": {"name": f"{name}-2", "pg_version": 17}})["project"]["id"]
        self._before = self._look_beside()
        self._inside: dict[str, Json] = {}

    def join(self, project: str, model: Model) -> None:
        """Add branches to the declared project, one of them with a compute."""
        for decoy in DECOYS:
            computes = [{"type": "read_write"}] if decoy == DECOYS[0] else []
            self._neon.post(f"/projects/{project}/branches", {"branch": {"name": decoy}, "endpoints": computes})
            model.stranger(decoy)
        seen = Project.look(self._neon, project)
        self._inside = {decoy: _details(seen, decoy) for decoy in DECOYS}

    def check(self, seen: Project, model: Model) -> None:
        """Everything is as it was. Whose child a branch is follows from what became of its parent."""
        assert self._look_beside() == self._before
        for branch in model.branches:
            if branch.foreign:
                assert _details(seen, branch.name) == self._inside[branch.name]

    def _look_beside(self) -> t.Any:
        seen = Project.look(self._neon, self._other)
        return steady(self._neon.get(f"/projects/{self._other}")["project"]), [_details(seen, name) for name in sorted(seen.branches)]


def _details(seen: Project, name: str) -> Json:
    branch = seen.branches[name]
    computes = {kind: steady(compute) for kind, compute in seen.computes(branch).items()}
    rest = {"parent_id": None, "computes": computes, "roles": seen.roles(branch), "databases": seen.databases(branch)}
    return {**steady(branch), **rest}


def check(neon: LocalNeon, name: str, model: Model, moments: t.Mapping[Moment, str]) -> Project:
    """Hold the account against what the declaration comes to, and return what was seen of it."""
    projects = [each for each in neon.get(f"/projects?search={name}&limit=400")["projects"] if each["name"] == name]
    assert len(projects) == 1, "the project is there twice"
    assert projects[0]["history_retention_seconds"] == model.history_seconds
    seen = Project.look(neon, projects[0]["id"])
    assert set(seen.branches) == {branch.name for branch in model.branches}
    for branch in model.branches:
        _check_branch(seen, branch, model, moments)
    assert {snapshot["name"] for snapshot in seen.snapshots} == {snapshot.name for snapshot in model.snapshots}
    assert len(seen.snapshots) == len(model.snapshots), "a snapshot is there twice"
    for snapshot in model.snapshots:
        found = next(each for each in seen.snapshots if each["name"] == snapshot.name)
        assert found["source_branch_id"] == seen.branches[snapshot.source.name]["id"]
        _check_end(found, snapshot.end, moments)
    return seen


def _check_branch(seen: Project, branch: Branch, model: Model, moments: t.Mapping[Moment, str]) -> None:
    found = seen.branches[branch.name]
    assert found.get("parent_id") == (seen.branches[branch.parent.name]["id"] if branch.parent else None), branch.name
    assert found["default"] is (branch is model.default), branch.name
    if branch.foreign:
        return
    assert found["protected"] is branch.protected, branch.name
    assert branch.init_source in (None, found["init_source"]), branch.name
    assert found["current_state"] == ("archived" if branch.archived else "ready"), branch.name
    _check_end(found, branch.end, moments)
    computes = seen.computes(found)
    assert set(computes) == set(branch.computes), branch.name
    for kind, compute in branch.computes.items():
        _check_compute(computes[kind], compute)
    roles, databases = seen.roles(found), seen.databases(found)
    # What the project came with was copied with every branch, and nobody has declared that it goes.
    assert (OWNER in roles, databases.get(DATABASE)) == (True, OWNER), branch.name
    if branch.roles:
        assert {name: name in roles for name in branch.roles} == branch.roles, branch.name
    if branch.databases:
        assert {name: databases.get(name) for name in branch.databases} == branch.databases, branch.name


def _check_end(found: Json, end: Moment | str | None, moments: t.Mapping[Moment, str]) -> None:
    if isinstance(end, Moment):
        assert found["expires_at"] == moments[end]
    else:
        assert ("expires_at" in found) is (end is not None)


def _check_compute(found: Json, compute: Compute) -> None:
    assert found["disabled"] is compute.disabled
    assert compute.state in (None, found["current_state"])
    for option, value in compute.sizes.items():
        assert found[FIELDS[option]] == value
