# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration comes to, worked out without the modules and without the local Neon: the account is held against it."""

from __future__ import annotations

import dataclasses
import typing as t

from generated.declarations import ROOT, Call, Moment

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_endpoint, neon_project, neon_role, neon_snapshot

SIZE_OPTIONS = ("min_cu", "max_cu", "suspend_timeout_seconds")
#: The branch's read-write compute among its computes; the others have names.
READ_WRITE = None


@dataclasses.dataclass(eq=False)
class Compute:
    """A compute. What is None was never declared, and may be anything.

    :param sizes: by option.
    """

    sizes: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    state: str | None = None
    disabled: bool = False


@dataclasses.dataclass(eq=False)
class Branch:
    """A branch.

    :param foreign: nobody declared it, and it must stay as it was; only its parent may be another one, when that was restored.
    :param end: None for never; a moment if one was declared, else some time.
    """

    name: str
    parent: Branch | None = None
    init_source: str | None = None
    protected: bool = False
    end: Moment | str | None = None
    archived: bool = False
    foreign: bool = False
    computes: dict[str | None, Compute] = dataclasses.field(default_factory=dict)
    roles: dict[str, bool] = dataclasses.field(default_factory=dict)
    databases: dict[str, str | None] = dataclasses.field(default_factory=dict)

    @property
    def root(self) -> bool:
        return self.parent is None


@dataclasses.dataclass(eq=False)
class Snapshot:
    """A snapshot, of one branch. ``end`` is that of :class:`Branch`."""

    name: str
    source: Branch
    end: Moment | str | None = None


class Model:
    """The account as it has to be."""

    def __init__(self) -> None:
        self.branches: list[Branch] = []
        self.snapshots: list[Snapshot] = []
        self.default: Branch | None = None
        self.history_seconds = 0

    def named(self, name: str) -> Branch:
        """The branch of that name."""
        return next(branch for branch in self.branches if branch.name == name)

    def has(self, name: str) -> bool:
        """Whether there is a branch of that name."""
        return any(branch.name == name for branch in self.branches)

    def stranger(self, name: str) -> None:
        """Somebody makes a branch by hand, from the default one."""
        self.branches.append(Branch(name, self.named(ROOT), "parent-data", foreign=True))

    def apply(self, calls: t.Iterable[Call]) -> None:
        """Do what the tasks declare."""
        for call in calls:
            options = call.options
            if call.module is neon_project:
                self.history_seconds = options["history_retention_seconds"]
                if not self.branches:
                    self.default = Branch(options["default_branch"], computes={READ_WRITE: Compute()})
                    self.branches.append(self.default)
            elif call.module is neon_branch:
                self._branch(options)
            elif call.module is neon_endpoint:
                self._endpoint(options)
            elif call.module is neon_role:
                self.named(options["branch"]).roles[options["name"]] = options.get("state") != "absent"
            elif call.module is neon_database:
                self.named(options["branch"]).databases[options["name"]] = options.get("owner_name")
            elif call.module is neon_snapshot:
                self._snapshot(options)

    def _branch(self, options: dict[str, t.Any]) -> None:
        name, state = options["name"], options.get("state", "present")
        if state == "absent":
            self.branches.remove(self.named(name))
            return
        if state != "present":
            self._replace(self.named(name), options)
            return
        if not self.has(name):
            schema_only = options["init_source"] == "schema-only"
            self.branches.append(Branch(name, None if schema_only else self.named(options["parent"]), options["init_source"]))
        branch = self.named(name)
        branch.name, branch.foreign = options.get("new_name", name), False
        branch.protected = options.get("protected", branch.protected)
        branch.archived = options.get("archived", branch.archived)
        if "ttl" in options:
            branch.end = "some time"
        elif "expires_at" in options:
            branch.end = None if options["expires_at"] == "never" else options["expires_at"]
        if options.get("default"):
            self.default = branch
        if "compute" in options:
            branch.computes.setdefault(READ_WRITE, Compute()).sizes |= options["compute"]

    def _replace(self, branch: Branch, options: dict[str, t.Any]) -> None:
        source = branch.parent if options["state"] == "reset" else branch
        if "source" in options.get("restore", {}):
            source = self.named(options["restore"]["source"])
        if "preserve_under_name" in options:
            kept = Branch(options["preserve_under_name"], branch.parent, branch.init_source)
            for child in self.branches:
                if child.parent is branch:
                    child.parent = kept
            self.branches.append(kept)
            source = kept if source is branch else source
        if not branch.root:
            branch.parent = source

    def _endpoint(self, options: dict[str, t.Any]) -> None:
        computes, name = self.named(options["branch"]).computes, options.get("name", READ_WRITE)
        if options.get("state") == "absent":
            del computes[name]
            return
        compute = computes.setdefault(name, Compute())
        compute.sizes |= {option: options[option] for option in SIZE_OPTIONS if option in options}
        compute.disabled = options.get("disabled", compute.disabled)
        state = {"started": "active", "restarted": "active", "suspended": "idle"}.get(options.get("state", ""), compute.state)
        compute.state = "idle" if compute.disabled else state

    def _snapshot(self, options: dict[str, t.Any]) -> None:
        state = options.get("state", "present")
        here = next((snapshot for snapshot in self.snapshots if snapshot.name == options["name"]), None)
        if state == "restored":
            self._restored(options)
        elif state == "absent":
            self.snapshots.remove(here)
        elif here is None:
            end = "some time" if "ttl" in options else options.get("expires_at")
            self.snapshots.append(Snapshot(options["name"], self.named(options["branch"]), end))
        elif "expires_at" in options:
            here.end = options["expires_at"]

    def _restored(self, options: dict[str, t.Any]) -> None:
        new = Branch(options["target_name"], None, "parent-data")
        self.branches.append(new)
        if not options.get("finalize"):
            return
        old = self.named(options["branch"])
        new.name, old.name = old.name, options["preserve_under_name"]
        new.protected, old.protected = old.protected, False
        new.computes, old.computes = old.computes, new.computes
        new.roles, new.databases, old.roles, old.databases = old.roles, old.databases, {}, {}
        if self.default is old:
            self.default = new
