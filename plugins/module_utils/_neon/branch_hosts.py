# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Branches as hosts of an inventory: which there are, what they are called, which groups they are in, what is known of them. Pure.

An account is a list of projects with their branches and computes, made of the API's answers by :func:`project_facts`. It is what an
inventory's cache holds, so it takes the named fields and nothing else: no answer is kept as it came.
"""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import re
import typing as t

from .._core.errors import AmbiguousError, InputError, NotFoundError, UnreachableError
from .answers import optional, required
from .connection import Reach, connection
from .records import branch_from, endpoint_from, project_from

Facts = dict[str, t.Any]
READ_WRITE: t.Final = "read_write"
# Ansible gives these names a meaning of their own.
_RESERVED: t.Final = frozenset({"", "all", "ungrouped", "localhost", "127.0.0.1"})
# What the groups of this inventory are called, also those that only other branches would make.
_OWN_GROUP: t.Final = re.compile(r"neon(_protected|_default|_(project|environment|parent)_\w*)?")
_GROUP_BREAKERS: t.Final = re.compile(r"\W")
# What is left out separates patterns (:,&!), makes ranges ([]) or a path (/) of a host's name.
_HOST_BREAKERS: t.Final = re.compile(r"[^\w.-]")
_WILDCARDS: t.Final = frozenset("*?[")
_PROJECTS_OPTION: t.Final = "option projects"


@dataclasses.dataclass(frozen=True)
class Login:
    """What the options say about connections; the API does not know it.

    :param port: Neon's proxy listens on 5432.
    """

    port: int
    user: str | None
    database: str | None
    ssl_mode: str
    ca_cert: str | None


@dataclasses.dataclass(frozen=True)
class BranchHost:
    """A branch as a host.

    :param name: its proposed name, unique among the hosts it was made with.
    """

    name: str
    groups: tuple[str, ...]
    variables: Facts


def checked_entries(option: str, entries: t.Sequence[t.Any]) -> list[str]:
    """Return the entries of a list of names, patterns or expressions as texts.

    :raises InputError: for one that is empty, as a template without a value gives it, or no text. It would name nothing, or everything.
    """
    for number, entry in enumerate(entries, 1):
        empty = entry is None or (isinstance(entry, str) and not entry.strip())
        # YAML reads a name such as on or 1.10 as something else than a text.
        if empty or isinstance(entry, (bool, float)) or not isinstance(entry, (str, int)):
            raise InputError(
                f"entry {number} is {'empty' if empty else 'no text'} ({entry!r})",
                where=f"option {option}",
                why="It would name nothing, or everything" if empty else None,
                remedy="Remove it, or give it a value; without the option all count" if empty else "Give one text for each entry, in quotes",
            )
    return [str(entry) for entry in entries]


def select_projects(found: t.Sequence[t.Mapping[str, t.Any]], unavailable: t.Sequence[str], wanted: t.Sequence[str]) -> list[t.Mapping[str, t.Any]]:
    """Return the projects that ``wanted`` names exactly, by name or id, each once; all of them if it is empty.

    :param unavailable: ids of projects that exist, but could not be shown.
    :raises NotFoundError: for an entry that no project fits. Another project is never taken instead.
    :raises AmbiguousError: for an entry that fits more than one.
    :raises UnreachableError: for a name, as long as a project is unavailable: that one could have the name as well.
    """
    if not wanted:
        return list(found)
    chosen: dict[str, t.Mapping[str, t.Any]] = {}
    for entry in wanted:
        matches = [project for project in found if entry in (project.get("name"), project.get("id"))]
        if unavailable and not any(project.get("id") == entry for project in matches):
            raise UnreachableError(
                f"Neon could not show all projects, so nobody can tell which one is {entry!r}",
                where=_PROJECTS_OPTION,
                why=f"Unavailable at the moment: {', '.join(unavailable)}",
                remedy="Run again later, or name the project by its id",
            )
        if not matches:
            raise NotFoundError(
                f"there is no project with the name or id {entry!r}",
                where=_PROJECTS_OPTION,
                why="Names and ids are compared exactly, among the projects that this API key can see",
                remedy="Correct the entry, or set org_id if the key is a personal one and the project belongs to an organization",
            )
        if len(matches) > 1:
            ids = sorted(str(project.get("id")) for project in matches)
            raise AmbiguousError(
                f"{len(matches)} projects fit {entry!r}",
                where=_PROJECTS_OPTION,
                why=f"Names are not unique at Neon; their ids are {', '.join(ids)}",
                remedy="Name the right one by its id",
                details={"ids": ids},
            )
        chosen[str(matches[0].get("id"))] = matches[0]
    return list(chosen.values())


def project_facts(project: t.Mapping[str, t.Any], branches: t.Sequence[t.Mapping[str, t.Any]], endpoints: t.Sequence[t.Mapping[str, t.Any]]) -> Facts:
    """Return what is known of a project, its branches and their computes, in types that JSON knows.

    :param branches: with their ``annotation``, as :func:`branches_matching` returns them.
    :raises ProviderError: for an answer that does not follow Neon's API description.
    """
    known = project_from(project)
    computes: dict[str, list[Facts]] = collections.defaultdict(list)
    for data in endpoints:
        branch_id = required(data, "branch_id", str, "an endpoint")
        computes[branch_id].append(_endpoint_facts(data, branch_id))
    return {
        "id": known.id,
        "name": known.name,
        "region_id": known.region_id,
        "pg_version": known.pg_version,
        "org_id": known.org_id,
        "branches": [{**_branch_facts(data, known.id), "endpoints": computes.get(str(data.get("id")), [])} for data in branches],
    }


def hosts_of(
    projects: t.Sequence[Facts],
    patterns: t.Sequence[str],
    *,
    prefixed: bool,
    require_endpoint: bool,
    login: Login,
    taken: t.Collection[str] = (),
) -> list[BranchHost]:
    """Return the hosts.

    :param projects: as :func:`project_facts` returns them.
    :param patterns: exact names, or shell-like patterns of names, of the branches that are wanted; empty for all.
    :param prefixed: the hosts' names begin with their project's name. A matter of the declaration, not of how many projects there are today:
        a further project must not rename the hosts.
    :param require_endpoint: leave out branches that have no read-write compute.
    :param taken: names of groups that the inventory declares; no host gets one of them, whether the group has members today or not.
    :raises NotFoundError: if no project has a branch that an entry without wildcards names.
    """
    _require_named(projects, patterns)
    project_groups = _project_groups(projects)
    chosen = [
        (project, branch)
        for project in projects
        for branch in project["branches"]
        if (not patterns or any(fnmatch.fnmatchcase(branch["name"], pattern) for pattern in patterns))
        and not (require_endpoint and _read_write(branch) is None)
    ]
    names = _unique_names(
        [(f"{project['name']}-{branch['name']}" if prefixed else branch["name"], branch["id"]) for project, branch in chosen], prefixed, taken
    )
    return [_host(name, project, branch, project_groups[project["id"]], login) for name, (project, branch) in zip(names, chosen, strict=True)]


def is_reserved(name: str) -> bool:
    """Tell whether Ansible or a group of this inventory has a name. A host of that name would make a group the child of others."""
    return name in _RESERVED or _OWN_GROUP.fullmatch(name) is not None


def group_name(*parts: str) -> str:
    """Return a group's name: what could not stand in one becomes an underscore."""
    return _GROUP_BREAKERS.sub("_", "_".join(parts))


def _host(name: str, project: Facts, branch: Facts, project_group: str, login: Login) -> BranchHost:
    parent = next((other["name"] for other in project["branches"] if other["id"] == branch["parent_id"]), None)
    environment = branch["annotations"].get("environment") or branch["name"]
    endpoint = _read_write(branch)
    groups = ["neon", project_group, group_name("neon_environment", environment)]
    groups += [group for group, member in (("neon_protected", branch["protected"]), ("neon_default", branch["default"])) if member]
    if parent is not None:
        groups.append(group_name("neon_parent", parent))
    return BranchHost(
        name=name,
        groups=tuple(groups),
        variables={
            "neon_project": {key: value for key, value in project.items() if key != "branches"},
            "neon_branch": {**{key: value for key, value in branch.items() if key != "endpoints"}, "parent": parent, "environment": environment},
            "neon_endpoint": endpoint,
            "neon_read_replicas": [other for other in branch["endpoints"] if other["type"] != READ_WRITE],
            "neon_connection": None if endpoint is None else _connection(project, branch, endpoint, login),
        },
    )


def _connection(project: Facts, branch: Facts, endpoint: Facts, login: Login) -> Facts:
    found = connection(
        Reach(endpoint["host"], login.port, login.user or "", login.database or ""),
        project_id=project["id"],
        branch_id=branch["id"],
        user=login.user,
        database=login.database or "",
        ssl_mode=login.ssl_mode,
        ca_cert=login.ca_cert,
        server_major=project["pg_version"],
    )
    return {**found, "login_user": login.user, "login_db": login.database, "pooled_host": endpoint["pooled_host"]}


def _branch_facts(data: t.Mapping[str, t.Any], project_id: str) -> Facts:
    branch = branch_from(data, project_id)
    where = f"branch {branch.name!r}"
    texts = ("current_state", "created_at", "updated_at", "expires_at")
    state, created, updated, expires = (optional(data, key, str, where) for key in texts)
    annotation = optional(data, "annotation", dict, where) or {}
    return {
        "id": branch.id,
        "name": branch.name,
        "state": state,
        "default": branch.default,
        "protected": branch.protected,
        "parent_id": branch.parent_id,
        "init_source": branch.init_source,
        "created_at": created,
        "updated_at": updated,
        "expires_at": expires,
        "annotations": {str(key): str(value) for key, value in (optional(annotation, "value", dict, where) or {}).items()},
    }


def _endpoint_facts(data: t.Mapping[str, t.Any], branch_id: str) -> Facts:
    endpoint = endpoint_from(data, branch_id)
    return {
        "id": endpoint.id,
        "type": endpoint.type,
        "state": optional(data, "current_state", str, f"endpoint {endpoint.id}"),
        "host": endpoint.host,
        "pooled_host": endpoint.pooled_host,
        **dataclasses.asdict(endpoint.compute),
    }


def _read_write(branch: Facts) -> Facts | None:
    return next((endpoint for endpoint in branch["endpoints"] if endpoint["type"] == READ_WRITE), None)


def _require_named(projects: t.Sequence[Facts], patterns: t.Sequence[str]) -> None:
    known = {branch["name"] for project in projects for branch in project["branches"]}
    for pattern in patterns:
        if not _WILDCARDS & set(pattern) and pattern not in known:
            raise NotFoundError(
                f"there is no branch named {pattern!r}",
                where="option branches",
                why="A name without wildcards is compared exactly" + (f", in {', '.join(sorted(p['name'] for p in projects))}" if projects else ""),
                remedy="Correct the name, or make that branch first; a pattern such as preview-* may fit nothing",
            )


def _project_groups(projects: t.Sequence[Facts]) -> dict[str, str]:
    """Return each project's group by the project's id. Projects whose names look the same are told apart by their ids."""
    plain = {project["id"]: group_name("neon_project", project["name"]) for project in projects}
    seen = collections.Counter(plain.values())
    return {key: group if seen[group] == 1 else group_name(group, key) for key, group in plain.items()}


def _unique_names(wanted: t.Sequence[tuple[str, str]], composed: bool, taken: t.Collection[str]) -> list[str]:
    """Return a name for each pair of a wish and a branch's id, all different.

    A branch whose own name can be a host's name always gets it: nobody takes it away by a name that only looks like it.
    """
    safe = [_HOST_BREAKERS.sub("-", wish).lstrip("-.") for wish, _id in wanted]
    exact = {wish for (wish, _id), name in zip(wanted, safe, strict=True) if wish == name and not composed}
    seen = collections.Counter(safe)

    def own(wish: str, name: str) -> bool:
        return not is_reserved(name) and name not in taken and (seen[name] == 1 or (wish == name and name in exact))

    return [name if own(wish, name) else f"{name}-{branch_id}".lstrip("-.") for (wish, branch_id), name in zip(wanted, safe, strict=True)]
