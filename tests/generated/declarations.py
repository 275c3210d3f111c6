# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random declarations: a project with its branches, computes, roles, databases and snapshots, and the same after somebody has edited it.

Only what can be declared is generated, all of it: a declaration that contradicts itself never converges, and would say nothing.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t

from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_project,
    neon_role,
    neon_snapshot,
)

ROOT = "production"
OWNER = "shop_owner"
DATABASE = "shop"
#: Names that a search by substring would mix up with the declared ones. Somebody made these branches by hand.
DECOYS = ("stag", "staging-2", "Staging", "preview-1x", "productio")
#: The decoy that an edited declaration may adopt.
ADOPTABLE = "staging-2"
#: Where every log of a local Neon without servers begins.
LSN = "0/1000000"
#: What a declaration asks for that is done again in every run, as its documentation says.
REPEATED: tuple[dict[str, t.Any], ...] = ({"state": "reset", "preserve": False}, {"state": "restarted"})


@dataclasses.dataclass(frozen=True)
class Moment:
    """A time that is declared: so many days after the play first came to it, and the same in every later run.

    :param label: what it is for; two moments of one label are one.
    """

    label: str
    days: int = 0


@dataclasses.dataclass(frozen=True)
class IdOf:
    """An id that only the account knows, as it was when the declaration was edited.

    :param path: ``project``, ``branch`` and a name, ``snapshot`` and a name, or ``endpoint``, a branch's name and that of a read replica or None.
    """

    path: tuple[str | None, ...]


@dataclasses.dataclass(frozen=True)
class Call:
    """One task of the generated play."""

    module: types.ModuleType
    options: dict[str, t.Any]

    def __repr__(self) -> str:
        return f"{self.module.__name__.rsplit('.', 1)[-1]}({self.options})"

    @property
    def repeated(self) -> bool:
        """Whether it does its work in every run."""
        return any(wanted.items() <= self.options.items() for wanted in REPEATED)


@dataclasses.dataclass(frozen=True)
class Part:
    """A branch with everything that is declared of it.

    :param name: the name that it has in the end.
    :param options: what is said of the branch itself.
    :param before: the name that it had, if it is renamed.
    :param pinned: it and its compute are named by their ids.
    :param replace: its reset or restore.
    :param compute: its sizes, None for a branch without.
    :param own_task: the compute is declared by a task of its own.
    :param deed: whether the compute runs: a state of the endpoint, or ``disabled``.
    :param replicas: read replicas with their sizes.
    """

    name: str
    options: dict[str, t.Any]
    before: str | None = None
    pinned: bool = False
    replace: dict[str, t.Any] | None = None
    compute: dict[str, t.Any] | None = None
    own_task: bool = False
    deed: str | None = None
    replicas: tuple[tuple[str, dict[str, t.Any]], ...] = ()
    replicas_gone: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    roles_gone: tuple[str, ...] = ()
    databases: tuple[tuple[str, str], ...] = ()
    databases_gone: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether it may be a parent: it does not expire and is not archived."""
        return self.options.get("expires_at", "never") == "never" and not {"ttl", "archived"} & set(self.options)

    @property
    def bare(self) -> bool:
        """Whether its content may be lost in every run."""
        return self.replace is not None and self.replace.get("preserve") is False

    def calls(self) -> t.Iterator[Call]:
        """The tasks, in an order in which nothing is undone that an earlier one did."""
        old = self.before or self.name
        naming = {"name": old, "new_name": self.name} if self.before else {"name": self.name}
        pin = {"id": IdOf(("branch", old))} if self.pinned else {}
        within = {} if self.compute is None or self.own_task else {"compute": self.compute}
        yield Call(neon_branch, {**naming, **pin, **self.options, **within})
        if self.replace is not None:
            yield Call(neon_branch, {"name": self.name, "confirm_destroy": self.name, **self.replace})
        of = {"branch": self.name}
        if self.compute is not None and self.own_task:
            yield Call(neon_endpoint, {**of, **self.compute, **({"id": IdOf(("endpoint", old, None))} if self.pinned else {})})
        for name in self.databases_gone:
            yield Call(neon_database, {**of, "name": name, "state": "absent", "confirm_destroy": name})
        for name in self.roles_gone:
            yield Call(neon_role, {**of, "name": name, "state": "absent", "confirm_destroy": name})
        for name in self.roles:
            yield Call(neon_role, {**of, "name": name})
        for name, owner in self.databases:
            yield Call(neon_database, {**of, "name": name, "owner_name": owner})
        replica = {**of, "type": "read_only"}
        for name in self.replicas_gone:
            yield Call(neon_endpoint, {**replica, "name": name, "state": "absent", "confirm_destroy": IdOf(("endpoint", old, name))})
        for name, sizes in self.replicas:
            yield Call(neon_endpoint, {**replica, "name": name, **sizes})
        if self.deed is not None:
            disabled = self.deed == "disabled"
            yield Call(neon_endpoint, {**of, "disabled": disabled, **({} if disabled else {"state": self.deed})})


@dataclasses.dataclass(frozen=True)
class Declaration:
    """Everything that one play declares.

    :param last: tasks at the play's end.
    """

    project: dict[str, t.Any]
    parts: tuple[Part, ...]
    snapshots: tuple[dict[str, t.Any], ...] = ()
    last: tuple[Call, ...] = ()

    def calls(self) -> tuple[Call, ...]:
        """The tasks of the play."""
        return (
            Call(neon_project, self.project),
            *(call for part in self.parts for call in part.calls()),
            *(Call(neon_snapshot, snapshot) for snapshot in self.snapshots),
            *self.last,
        )


SIZES = st.sampled_from([{}, {"min_cu": 0.25, "max_cu": 0.25}, {"min_cu": 0.5, "max_cu": 2.0, "suspend_timeout_seconds": -1}])
DEEDS = st.sampled_from([None, None, "suspended", "started", "disabled"])
REPLICAS = st.lists(st.tuples(st.sampled_from(["reports", "report"]), SIZES), unique_by=lambda each: each[0], max_size=2)


@st.composite
def computes(draw: st.DrawFn, name: str) -> dict[str, t.Any]:
    """A compute and what needs one: a branch's database is reached by it, so without one there is none to be declared."""
    roles = tuple(draw(st.lists(st.sampled_from(["reporting", "etl"]), unique=True, max_size=1)))
    if name != ROOT and not draw(st.booleans()):
        return {"roles": roles}
    return {
        "roles": roles,
        "compute": draw(SIZES),
        "own_task": draw(st.booleans()),
        "databases": tuple((database, OWNER) for database in draw(st.lists(st.just("archive"), max_size=1))),
        "replicas": tuple(draw(REPLICAS)) if draw(st.booleans()) else (),
        "deed": draw(DEEDS),
    }


def points(name: str, use: str) -> st.SearchStrategy[dict[str, t.Any]]:
    """A point in a history, or its present."""
    return st.sampled_from([{}, {"timestamp": Moment(f"{use} {name}")}, {"lsn": LSN}])


@st.composite
def new_part(draw: st.DrawFn, name: str, parents: t.Sequence[str]) -> Part:
    """A branch that is made from one of ``parents``."""
    options = {"parent": draw(st.sampled_from(parents)), "init_source": draw(st.sampled_from(["parent-data", "schema-only"]))}
    options |= {f"parent_{key}": value for key, value in draw(points(name, "start of")).items()}
    ends = Moment(f"end of {name}", 9)
    kinds = [{}, {}, {"protected": True}, {"ttl": "3d"}, {"ttl": "12h", "renew": True}, {"expires_at": ends}, {"archived": True}]
    options |= draw(st.sampled_from(kinds))
    # An archived branch has no compute, and whatever works on it would bring it back.
    return Part(name, options, **({} if "archived" in options else draw(computes(name))))


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    """A project as somebody declares it for the first time. Each branch comes after its parent."""
    project = {
        "region_id": "aws-eu-central-1",
        "pg_version": 17,
        "default_branch": ROOT,
        "owner_role": OWNER,
        "database": DATABASE,
        "history_retention_seconds": draw(st.sampled_from([86400, 604800])),
    }
    parts = [Part(ROOT, {"protected": draw(st.booleans()), "default": True}, **draw(computes(ROOT)))]
    fewest = draw(st.sampled_from([1, 1, 1, 0]))
    for name in draw(st.lists(st.sampled_from(["staging", "preview-1", "dev", "qa"]), unique=True, min_size=fewest, max_size=3)):
        parts.append(draw(new_part(name, [part.name for part in parts if part.stays])))
    snapshots = (draw(new_snapshot(parts)),) if draw(st.booleans()) else ()
    return Declaration(project, tuple(parts), snapshots)


@st.composite
def new_snapshot(draw: st.DrawFn, parts: t.Sequence[Part]) -> dict[str, t.Any]:
    """A snapshot of a root branch."""
    roots = [part.name for part in parts if part.name == ROOT or (part.stays and part.options.get("init_source") == "schema-only")]
    end = draw(st.sampled_from([{}, {"ttl": "7d"}, {"expires_at": Moment("end of the snapshot", 7)}]))
    return {"name": "dbinfra-mark", "branch": draw(st.sampled_from(roots)), **end, **draw(points("the snapshot", "content of"))}


@st.composite
def edited(draw: st.DrawFn, first: Declaration, company: bool) -> Declaration:
    """The declaration after somebody has edited it.

    Other names, protection, ends and sizes, another default branch, branches that are given up, reset, restored, adopted or made from a
    point in the past, ids that are pinned, computes that run or do not, snapshots that are deleted or restored.
    """
    parents = {part.options.get("parent") for part in first.parts} | {snapshot["branch"] for snapshot in first.snapshots}
    parts: list[Part] = []
    names: dict[str | None, str] = {}
    last: list[Call] = []
    # Production gets the snapshot's content at the end of the play, which leaves no room for another content before that.
    finalized = any(snapshot["branch"] == ROOT for snapshot in first.snapshots) and draw(st.sampled_from([False, False, False, True]))
    for part in first.parts:
        loose = part.name != ROOT and part.name not in parents
        if loose and not part.options.get("protected") and draw(st.integers(0, 4)) == 0:
            pin = {"id": IdOf(("branch", part.name))} if draw(st.booleans()) else {}
            last.append(Call(neon_branch, {"name": part.name, "state": "absent", "confirm_destroy": part.name, **pin}))
            continue
        parts.append(draw(edited_part(part, parts, names, loose, finalized and part.name == ROOT)))
        names[part.name] = parts[-1].name
    _other_default(draw, parts)
    if draw(st.booleans()):
        parts.append(draw(new_part("late", [part.name for part in parts if part.stays and not part.bare])))
    if company and draw(st.booleans()):
        adopted: dict[str, t.Any] = {"protected": True, **draw(st.sampled_from([{"adopt": True}, {}]))}
        before = ADOPTABLE if draw(st.booleans()) else None
        parts.append(Part("taken-over" if before else ADOPTABLE, adopted, before=before, pinned="adopt" not in adopted))
    snapshots, more = draw(edited_snapshots(first, parts, names, finalized))
    project = {**first.project, "history_retention_seconds": 604800, **draw(st.sampled_from([{}, {"id": IdOf(("project",))}]))}
    return Declaration(project, tuple(parts), snapshots, (*more, *last))


@st.composite
def edited_part(draw: st.DrawFn, part: Part, earlier: t.Sequence[Part], names: t.Mapping[str | None, str], loose: bool, replaced: bool) -> Part:
    """A branch after somebody has edited what is declared of it.

    :param earlier: the branches before it, edited already; ``names`` has their names by the former ones.
    :param loose: nothing depends on the branch.
    :param replaced: a snapshot takes its place at the end of the play.
    """
    options, old = dict(part.options), part.name
    if "parent" in options:
        options["parent"] = names[options["parent"]]
    kinds = ["keep", "vary"] if "archived" not in options else ["keep"]
    if loose and not {"ttl", "expires_at", "archived"} & set(options):
        kinds.append("expire")
    kind = draw(st.sampled_from(kinds))
    if kind == "vary":
        ended = {"ttl", "renew", "expires_at"} & set(options)
        options = {key: value for key, value in options.items() if key not in ended}
        options |= {"protected": not options.get("protected", False), **({"expires_at": "never"} if ended else {})}
    elif kind == "expire":
        options |= {"protected": False, **draw(st.sampled_from([{"ttl": "2d", "renew": True}, {"expires_at": Moment(f"new end of {old}", 5)}]))}
    renamed = old != ROOT and draw(st.integers(0, 2)) == 0
    changed = dataclasses.replace(
        part, name=f"{old}-renamed" if renamed else old, before=old if renamed else None, options=options, pinned=not replaced and draw(st.booleans())
    )
    if part.compute is not None:
        changed = draw(edited_computes(changed))
    if replaced:
        return dataclasses.replace(changed, databases=part.databases, databases_gone=())
    if part.roles and draw(st.booleans()):
        changed = dataclasses.replace(changed, roles=(), roles_gone=part.roles)
    elif part.roles and changed.databases and draw(st.booleans()):
        changed = dataclasses.replace(changed, databases=tuple((name, part.roles[0]) for name, _owner in changed.databases))
    if options.get("protected") or "archived" in options or draw(st.sampled_from([False, True, True, True] if old == ROOT else [False, True])):
        return changed
    return dataclasses.replace(changed, replace=draw(replacements(changed, earlier, loose)))


@st.composite
def edited_computes(draw: st.DrawFn, part: Part) -> Part:
    """The same with other computes."""
    # A compute of a protected branch cannot be deleted.
    gone = tuple(name for name, _sizes in part.replicas if not part.options.get("protected") and draw(st.booleans()))
    deed = draw(st.sampled_from([None, "suspended", "started", "disabled"]))
    if deed == "started" and draw(st.booleans()):
        deed = "restarted"
    return dataclasses.replace(
        part,
        compute=draw(SIZES),
        deed=deed if deed != "restarted" or part.deed in (None, "started") else "started",
        replicas=tuple((name, draw(SIZES)) for name, _sizes in part.replicas if name not in gone),
        replicas_gone=gone,
        **({"databases": (), "databases_gone": tuple(name for name, _owner in part.databases)} if draw(st.booleans()) else {}),
    )


@st.composite
def replacements(draw: st.DrawFn, part: Part, earlier: t.Sequence[Part], loose: bool) -> dict[str, t.Any]:
    """The reset or the restore of a branch."""
    kept = {"preserve_under_name": f"{part.name}-old"}
    point = draw(points(part.name, "content of"))
    itself = {"state": "restored", "restore": point or {"lsn": LSN}, **kept}
    if isinstance(part.options.get("expires_at"), Moment):
        # Content from the parent renews a time to live, so a fixed end would be another one afterwards.
        return itself
    found = [st.just(itself)]
    # Afterwards the branch is a child of its source.
    sources = [source.name for source in earlier if source.stays and not source.bare]
    if sources:
        found.append(st.builds(lambda name: {"state": "restored", "restore": {"source": name, **point}, **kept}, st.sampled_from(sources)))
    if part.options.get("init_source") == "parent-data":
        found.append(st.just({"state": "reset", **kept}))
        if loose and not (part.roles or part.roles_gone or part.databases or part.databases_gone):
            found.append(st.just({"state": "reset", "preserve": False}))
    return draw(st.one_of(found))


def _other_default(draw: st.DrawFn, parts: list[Part]) -> None:
    """Give the title to another branch, maybe."""
    candidates = [index for index, part in enumerate(parts) if part.name != ROOT and part.stays]
    if candidates and draw(st.integers(0, 3)) == 0:
        index = draw(st.sampled_from(candidates))
        parts[0] = dataclasses.replace(parts[0], options={key: value for key, value in parts[0].options.items() if key != "default"})
        parts[index] = dataclasses.replace(parts[index], options={**parts[index].options, "default": True})


@st.composite
def edited_snapshots(
    draw: st.DrawFn, first: Declaration, parts: t.Sequence[Part], names: t.Mapping[str | None, str], finalized: bool
) -> tuple[tuple[dict[str, t.Any], ...], list[Call]]:
    """The snapshots that are declared now, and what is done with them at the end of the play."""
    if not first.snapshots:
        return ((draw(new_snapshot(parts)),) if draw(st.booleans()) else ()), []
    (snapshot,) = first.snapshots
    name, pin = snapshot["name"], draw(st.sampled_from([{}, {"id": IdOf(("snapshot", snapshot["name"]))}]))
    # Its end stays: the contract at hand does not know how to change that of a snapshot.
    kept = {**snapshot, "branch": names[snapshot["branch"]], **pin}
    if finalized:
        how = {"finalize": True, "branch": ROOT, "preserve_under_name": f"{ROOT}-before", "confirm_destroy": ROOT}
        return (kept,), [Call(neon_snapshot, {"name": name, "state": "restored", "target_name": f"{ROOT}-look", **how})]
    kind = draw(st.sampled_from(["keep", "absent", "restore"]))
    if kind == "absent":
        return (), [Call(neon_snapshot, {"name": name, "state": "absent", "confirm_destroy": name, **pin})]
    if kind == "restore":
        return (kept,), [Call(neon_snapshot, {"name": name, "state": "restored", "target_name": "look", **pin})]
    return (kept,), []
