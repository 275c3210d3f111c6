# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks with something to do for every state of every Neon module, each with all that it asks, sends and sees afterwards."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from unit.neon_branches import ALL, BRANCHES, ENDPOINTS, PATH, PRODUCTION, found, listed, search
from unit.neon_conversation import (
    BRANCH_ID,
    ENDPOINT_ID,
    OTHER_BRANCH_ID,
    PROJECT_ID,
    Conversation,
    branch,
    database,
    endpoint,
    options,
    project,
    role,
)

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_endpoint, neon_project, neon_role, neon_snapshot

PROJECT = f"/projects/{PROJECT_ID}"
COMPUTES = f"{PROJECT}/endpoints"
NOON = "2023-11-14T12:00:00Z"
LATER = "2023-11-20T00:00:00Z"
DEFAULTS = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 0}
DEFAULT_SIZES = {"project": project(default_endpoint_settings=DEFAULTS)}


@dataclasses.dataclass(frozen=True)
class Request:
    """A request that is expected, with its answer."""

    method: str
    path: str
    answer: t.Any
    query: dict[str, str] | None = None
    body: t.Any = None

    def expect(self, neon: Conversation) -> None:
        neon.expect(self.method, self.path, self.answer, query=self.query, body=self.body)


@dataclasses.dataclass(frozen=True)
class Case:
    """A task with something to do.

    :param look: how it looks at what is there, in check mode as well.
    :param change: what only the run sends.
    :param after: how the run looks at what has become of it.
    :param left_open: what check mode cannot know.
    :param asked: what only check mode asks for.
    :param found_again: how what was made looks to whoever has to look for it, where that is not what ``after`` says.
    :param between: how it looks after the first of two changes, where no request of ``change`` says it.
    """

    module: types.ModuleType
    wish: dict[str, t.Any]
    look: list[Request]
    change: list[Request]
    after: list[Request]
    left_open: set[str]
    asked: list[Request] = dataclasses.field(default_factory=list)
    found_again: list[Request] = dataclasses.field(default_factory=list)
    between: list[Request] = dataclasses.field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.wish.get("state", "present"))


def get(path: str, answer: t.Any, **query: str) -> Request:
    return Request("GET", path, answer, query or None)


def branches(name: str, *there: dict[str, t.Any]) -> Request:
    return get(BRANCHES, listed(*there), **search(name))


def new_branch(name: str, **fields: t.Any) -> dict[str, t.Any]:
    return branch(name=name, init_source="parent-data", parent_id=OTHER_BRANCH_ID, **fields)


def made(wish: dict[str, t.Any], request: dict[str, t.Any], data: dict[str, t.Any], left_open: set[str], history: bool = False) -> Case:
    """A branch that is made from production."""
    look = [branches("copy"), branches("production", PRODUCTION), *([get(PROJECT, {"project": project()})] if history else [])]
    body = {"branch": {"name": "copy", "parent_id": OTHER_BRANCH_ID, **request}, "annotation_value": {"managed_by": "dbinfra.postgres"}}
    create = Request("POST", BRANCHES, {"branch": data, "operations": []}, body=body)
    wish = {"name": "copy", "parent": "production", **wish}
    seen = [get(PATH, found(data))]
    return Case(neon_branch, wish, look, [create], seen, {"branch.exists", "branch.id", *left_open}, found_again=[branches("copy", data)])


POINT = {"parent_lsn": "0/1DE2850", "parent_timestamp": NOON}
CHILD = new_branch("copy", **POINT)
KEPT = branch(id="br-kept", name="kept", parent_id=OTHER_BRANCH_ID)
ROOT = branch(name="copy", init_source="schema-only")


def replaced(wish: dict[str, t.Any], request: dict[str, t.Any], before: dict[str, t.Any], after: dict[str, t.Any], left_open: set[str]) -> Case:
    """A branch that is reset or restored."""
    keeping = {"preserve_under_name": "kept"} if wish.get("preserve", True) else {}
    history = [get(PROJECT, {"project": project()})] if "source_timestamp" in request else []
    nothing = [branches("kept")] if keeping else []
    copy = [Request("GET", BRANCHES, listed(KEPT, foreign=True), search("kept"))] if keeping else []
    return Case(
        neon_branch,
        {"name": "copy", "confirm_destroy": "copy", **keeping, **wish},
        [branches("copy", before), *nothing, get(BRANCHES, listed(PRODUCTION, before), **ALL), *history],
        [Request("POST", f"{PATH}/restore", {"branch": before, "operations": []}, body={**request, **keeping})],
        [branches("copy", after), *copy],
        {*(["branch.preserved"] if keeping else []), *left_open},
    )


def updated(wish: dict[str, t.Any], before: dict[str, t.Any], after: dict[str, t.Any], request: Request, other: str | None = None) -> Case:
    """A branch that is there and changes."""

    def both(data: dict[str, t.Any]) -> list[Request]:
        searches = [branches("copy", *([data] if data["name"] == "copy" else []))]
        return searches + ([branches(other, *([data] if data["name"] == other else []))] if other else [])

    return Case(neon_branch, {"name": "copy", **wish}, both(before), [request], both(after), set())


PLACE_AND_TIME = {"branch.parent_lsn", "branch.parent_timestamp"}
RESET = {"state": "reset"}
AS_PARENT = {"source_branch_id": OTHER_BRANCH_ID}
NEW_POINT = {"parent_lsn": "0/2000000", "parent_timestamp": "2023-11-14T22:13:20Z", "last_reset_at": "2023-11-14T22:13:20Z"}
ENDLESS = {"branch": {"name": "endless", "protected": True, "expires_at": None}}
BRANCH_CASES = [
    made({}, {}, CHILD, PLACE_AND_TIME),
    made({"parent_timestamp": "2023-11-14T12:00:00.25Z"}, {"parent_timestamp": "2023-11-14T12:00:00.250000Z"}, CHILD, {"branch.parent_lsn"}, True),
    made({"parent_lsn": "0/1DE2850"}, {"parent_lsn": "0/1DE2850"}, CHILD, {"branch.parent_timestamp"}),
    made(
        {"init_source": "schema-only", "parent_timestamp": NOON, "protected": True},
        {"init_source": "schema-only", "parent_timestamp": NOON, "protected": True},
        {**ROOT, "protected": True},
        set(),
        True,
    ),
    made(
        {"ttl": "1d"}, {"expires_at": "2023-11-15T22:13:20Z"}, {**CHILD, "expires_at": "2023-11-15T22:13:20Z"}, {*PLACE_AND_TIME, "branch.expires_at"}
    ),
    made({"expires_at": LATER}, {"expires_at": LATER}, {**CHILD, "expires_at": LATER}, PLACE_AND_TIME),
    made({"archived": True}, {"archived": True}, {**CHILD, "current_state": "archived"}, PLACE_AND_TIME),
    updated(
        {"new_name": "endless", "protected": True, "expires_at": "never"},
        {**CHILD, "expires_at": LATER},
        {**CHILD, "name": "endless", "protected": True},
        Request("PATCH", PATH, {"branch": CHILD, "operations": []}, body=ENDLESS),
        "endless",
    ),
    updated({"default": True}, CHILD, {**CHILD, "default": True}, Request("POST", f"{PATH}/set_as_default", {"branch": CHILD, "operations": []})),
    Case(
        neon_branch,
        {"name": "copy", "state": "absent", "confirm_destroy": "copy"},
        [branches("copy", CHILD), get(BRANCHES, listed(PRODUCTION, CHILD), **ALL)],
        [Request("DELETE", PATH, {"branch": CHILD, "operations": []})],
        [branches("copy")],
        set(),
    ),
    replaced(RESET, AS_PARENT, CHILD, {**CHILD, **NEW_POINT}, PLACE_AND_TIME),
    replaced({**RESET, "preserve": False}, AS_PARENT, CHILD, {**CHILD, **NEW_POINT}, PLACE_AND_TIME),
    replaced(RESET, AS_PARENT, {**CHILD, "expires_at": NOON}, {**CHILD, **NEW_POINT, "expires_at": LATER}, {*PLACE_AND_TIME, "branch.expires_at"}),
    replaced(
        {"state": "restored", "restore": {"timestamp": NOON}},
        {"source_branch_id": BRANCH_ID, "source_timestamp": NOON},
        CHILD,
        {**CHILD, **NEW_POINT, "parent_id": "br-kept"},
        {*PLACE_AND_TIME, "branch.parent_id"},
    ),
    replaced(
        {"state": "restored", "restore": {"source": "production", "lsn": "0/2000000"}},
        {**AS_PARENT, "source_lsn": "0/2000000"},
        {**CHILD, "parent_id": "br-elsewhere"},
        {**CHILD, **NEW_POINT},
        {"branch.parent_timestamp"},
    ),
    replaced({"state": "restored", "restore": {"source": "production"}}, AS_PARENT, ROOT, {**ROOT, "last_reset_at": NOON}, set()),
]

NEW_ENDPOINT = {"endpoint.exists", "endpoint.id", "endpoint.host", "endpoint.pooled_host"}
SIZED = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2}


def computes(*there: dict[str, t.Any]) -> Request:
    return get(ENDPOINTS, {"endpoints": list(there)})


def new_compute(wish: dict[str, t.Any], request: dict[str, t.Any], data: dict[str, t.Any], *left_open: str) -> Case:
    """An endpoint that is made, with a look at the project's defaults in check mode if something is left to them."""
    create = Request("POST", COMPUTES, {"endpoint": data, "operations": []}, body={"endpoint": {"branch_id": BRANCH_ID, **request}})
    sizes = {"min_cu", "max_cu", "suspend_timeout_seconds"}
    asked = [] if sizes <= set(wish) else [get(PROJECT, DEFAULT_SIZES)]
    return Case(neon_endpoint, wish, [computes()], [create], [computes(data)], {*NEW_ENDPOINT, *left_open}, asked)


def changed_compute(wish: dict[str, t.Any], before: dict[str, t.Any], after: dict[str, t.Any], *requests: Request) -> Case:
    return Case(neon_endpoint, wish, [computes(endpoint(**before))], list(requests), [computes(endpoint(**after))], set())


def compute_request(method: str, path: str = "", **fields: t.Any) -> Request:
    return Request(
        method, f"{COMPUTES}/{ENDPOINT_ID}{path}", {"endpoint": endpoint(), "operations": []}, body={"endpoint": fields} if fields else None
    )


RUNNING = {"current_state": "active", "started_at": NOON}
ENDPOINT_CASES = [
    new_compute({}, {"type": "read_write"}, endpoint(**SIZED, **RUNNING)),
    new_compute(
        {"type": "read_only", "name": "reports", "min_cu": 0.25, "max_cu": 1, "suspend_timeout_seconds": 600, "disabled": True},
        {
            "type": "read_only",
            "name": "reports",
            "autoscaling_limit_min_cu": 0.25,
            "autoscaling_limit_max_cu": 1.0,
            "suspend_timeout_seconds": 600,
            "disabled": True,
        },
        endpoint(type="read_only", name="reports", autoscaling_limit_max_cu=1, suspend_timeout_seconds=600, disabled=True),
    ),
    new_compute(
        {"min_cu": 4},
        {"type": "read_write", "autoscaling_limit_min_cu": 4.0},
        endpoint(autoscaling_limit_min_cu=4, autoscaling_limit_max_cu=4, **RUNNING),
        "endpoint.max_cu",
    ),
    new_compute(
        {"max_cu": 0.25},
        {"type": "read_write", "autoscaling_limit_max_cu": 0.25},
        endpoint(autoscaling_limit_min_cu=0.25, autoscaling_limit_max_cu=0.25, **RUNNING),
        "endpoint.min_cu",
    ),
    changed_compute(
        {"max_cu": 4, "suspend_timeout_seconds": -1},
        {},
        {"autoscaling_limit_max_cu": 4, "suspend_timeout_seconds": -1},
        compute_request("PATCH", autoscaling_limit_max_cu=4.0, suspend_timeout_seconds=-1),
    ),
    # Seconds that mean the same are not sent, and stay as they are.
    changed_compute(
        {"max_cu": 4, "suspend_timeout_seconds": 300}, {}, {"autoscaling_limit_max_cu": 4}, compute_request("PATCH", autoscaling_limit_max_cu=4.0)
    ),
    changed_compute({"disabled": True}, RUNNING, {"disabled": True, "current_state": "idle"}, compute_request("PATCH", disabled=True)),
    changed_compute({"state": "started"}, {}, RUNNING, compute_request("POST", "/start")),
    changed_compute({"state": "suspended"}, RUNNING, {}, compute_request("POST", "/suspend")),
    changed_compute({"state": "restarted"}, RUNNING, {**RUNNING, "started_at": LATER}, compute_request("POST", "/restart")),
    Case(
        neon_endpoint,
        {"state": "absent", "confirm_destroy": ENDPOINT_ID},
        [computes(endpoint()), get(PATH, {"branch": branch()})],
        [compute_request("DELETE")],
        [computes()],
        set(),
    ),
]

SNAPSHOT = {"id": "snap-1", "name": "dbinfra-1", "source_branch_id": BRANCH_ID, "created_at": NOON, "manual": True}
SNAPSHOTS = f"{PROJECT}/snapshots"
SOURCE = branch(name="copy")
TAKEN = {"snapshot.exists", "snapshot.id", "snapshot.created_at"}
TARGET = branch(id="br-new", name="look", restored_from="snap-1", restored_as=BRANCH_ID, restore_status="restored")


def snapshots(*there: dict[str, t.Any]) -> Request:
    return get(SNAPSHOTS, {"snapshots": list(there)})


def taken(wish: dict[str, t.Any], query: dict[str, str], shown: dict[str, t.Any], *left_open: str) -> Case:
    source = branches("copy", SOURCE)
    create = Request("POST", f"{PATH}/snapshot", {"snapshot": SNAPSHOT, "operations": []}, {"name": "dbinfra-1", **query})
    wish = {"name": "dbinfra-1", "branch": "copy", **wish}
    # How far back the history reaches is asked for a declared time only.
    history = [get(PROJECT, {"project": project()})] if "timestamp" in wish else []
    return Case(neon_snapshot, wish, [snapshots(), source, *history], [create], [snapshots({**SNAPSHOT, **shown}), source], {*TAKEN, *left_open})


RESTORED = {"name": "dbinfra-1", "state": "restored", "target_name": "look"}
FINAL = {**RESTORED, "branch": "copy", "finalize": True, "preserve_under_name": "kept", "confirm_destroy": "copy"}
INTO = Request("POST", f"{SNAPSHOTS}/snap-1/restore", {"branch": TARGET, "operations": []}, body={"name": "look", "finalize_restore": False})
FINALIZE = Request("POST", f"{BRANCHES}/br-new/finalize_restore", {"operations": []}, body={"name": "kept"})
FINALIZED = [snapshots(SNAPSHOT), branches("copy", {**TARGET, "name": "copy", "restore_status": "finalized"})]
MOMENT = {"lsn": "0/1DE2850", "timestamp": NOON, "full_size": 7}
SNAPSHOT_CASES = [
    taken(
        {"ttl": "1d"},
        {"expires_at": "2023-11-15T22:13:20Z"},
        {**MOMENT, "expires_at": "2023-11-15T22:13:20Z"},
        "snapshot.lsn",
        "snapshot.timestamp",
        "snapshot.full_size",
        "snapshot.expires_at",
    ),
    taken(
        {"timestamp": "2023-11-14T12:00:00.5Z", "expires_at": LATER},
        {"timestamp": "2023-11-14T12:00:00.500000Z", "expires_at": LATER},
        {**MOMENT, "expires_at": LATER},
        "snapshot.lsn",
        "snapshot.full_size",
    ),
    taken({"lsn": "0/1DE2850"}, {"lsn": "0/1DE2850"}, MOMENT, "snapshot.timestamp", "snapshot.full_size"),
    Case(
        neon_snapshot,
        {"name": "dbinfra-1", "expires_at": LATER},
        [snapshots({**SNAPSHOT, **MOMENT})],
        [Request("PATCH", f"{SNAPSHOTS}/snap-1", {"snapshot": SNAPSHOT}, body={"snapshot": {"expires_at": LATER}})],
        [snapshots({**SNAPSHOT, **MOMENT, "expires_at": LATER})],
        set(),
    ),
    Case(
        neon_snapshot,
        {"name": "dbinfra-1", "state": "absent", "confirm_destroy": "dbinfra-1"},
        [snapshots({**SNAPSHOT, **MOMENT})],
        [Request("DELETE", f"{SNAPSHOTS}/snap-1", {"operations": []})],
        [snapshots()],
        set(),
    ),
    Case(
        neon_snapshot,
        RESTORED,
        [snapshots(SNAPSHOT), branches("look")],
        [INTO],
        [snapshots(SNAPSHOT), branches("look", TARGET)],
        {"branch.exists", "branch.id"},
    ),
    Case(
        neon_snapshot,
        FINAL,
        [snapshots(SNAPSHOT), branches("copy", SOURCE), branches("look"), branches("kept")],
        [dataclasses.replace(INTO, body={**INTO.body, "target_branch_id": BRANCH_ID}), FINALIZE],
        FINALIZED,
        {"branch.exists", "branch.id"},
        between=[branches("look", TARGET)],
    ),
    # Restored by an earlier run, so its id is known.
    Case(
        neon_snapshot,
        FINAL,
        [snapshots(SNAPSHOT), branches("copy", SOURCE), branches("look", TARGET), branches("kept")],
        [FINALIZE],
        FINALIZED,
        {"branch.exists"},
    ),
]

PROJECTS = {"search": "shop", "limit": "400"}


def projects(*there: dict[str, t.Any]) -> Request:
    return get("/projects", {"projects": list(there), "pagination": {}}, **PROJECTS)


MARKED = [get(BRANCHES, listed(branch(default=True)), **ALL)]
NEW_PROJECT = {"project": {"name": "shop", "branch": {"annotations": {"managed_by": "dbinfra.postgres"}}}}
PROJECT_CASES = [
    Case(
        neon_project,
        {"name": "shop"},
        [projects()],
        [
            Request("POST", "/projects", {"project": project(), "operations": []}, body=NEW_PROJECT),
            projects(project()),
        ],
        [get(PROJECT, {"project": project(org_id="org-1")})],
        {f"project.{field}" for field in ("exists", "id", "org_id", "region_id", "pg_version", "history_retention_seconds")},
    ),
    Case(
        neon_project,
        {"name": "shop", "history_retention_seconds": 604800},
        [projects(project()), *MARKED],
        [Request("PATCH", PROJECT, {"project": project(), "operations": []}, body={"project": {"history_retention_seconds": 604800}})],
        [projects(project(history_retention_seconds=604800))],
        set(),
    ),
    Case(
        neon_project,
        {"name": "shop", "state": "absent", "confirm_destroy": "shop"},
        [projects(project()), *MARKED, *MARKED],
        [Request("DELETE", PROJECT, {"project": project()})],
        [projects()],
        set(),
    ),
]

DATABASES, ROLES = f"{PATH}/databases", f"{PATH}/roles"
SHOP = {"name": "shop", "ca_file": "system"}


def databases(*there: dict[str, t.Any]) -> Request:
    return get(DATABASES, {"databases": list(there)})


def reached(owner: str) -> list[Request]:
    """What is asked for to reach the database: it, its URI, and the branch's computes."""
    uri = {"uri": f"postgresql://{owner}:npg_secret@{endpoint()['host']}/shop"}
    query = {"branch_id": BRANCH_ID, "database_name": "shop", "role_name": owner, "pooled": "false"}
    return [databases(database(owner_name=owner)), get(f"{PROJECT}/connection_uri", uri, **query), computes(endpoint())]


CONNECTED = {f"connection.{field}" for field in ("exists", "login_host", "login_port", "pooled_host", "pooled_port")}
DATABASE_CASES = [
    Case(
        neon_database,
        {**SHOP, "owner_name": "shop_owner"},
        [databases()],
        [
            computes(endpoint()),
            Request("POST", DATABASES, {"database": database(), "operations": []}, body={"database": {"name": "shop", "owner_name": "shop_owner"}}),
        ],
        reached("shop_owner"),
        {"database.exists", *CONNECTED},
    ),
    Case(
        neon_database,
        {**SHOP, "owner_name": "etl"},
        reached("shop_owner"),
        [Request("PATCH", f"{DATABASES}/shop", {"database": database(), "operations": []}, body={"database": {"owner_name": "etl"}})],
        reached("etl"),
        set(),
    ),
    Case(
        neon_database,
        {**SHOP, "state": "absent", "confirm_destroy": "shop"},
        [databases(database())],
        [Request("DELETE", f"{DATABASES}/shop", {"database": database(), "operations": []})],
        [databases()],
        set(),
    ),
]


def roles(*there: dict[str, t.Any]) -> Request:
    return get(ROLES, {"roles": list(there)})


def passwords(ours: str, other: Request | None = None) -> list[Request]:
    return [
        roles(role()),
        *([other] if other else []),
        get(f"{BRANCHES}/{OTHER_BRANCH_ID}/roles/shop_owner/reveal_password", {"password": "npg_theirs"}),
        get(f"{ROLES}/shop_owner/reveal_password", {"password": ours}),
    ]


OWNER = {"name": "shop_owner"}
ROLE_CASES = [
    Case(
        neon_role,
        OWNER,
        [roles()],
        [Request("POST", ROLES, {"role": role(), "operations": []}, body={"role": OWNER})],
        [roles(role())],
        {"role.exists"},
    ),
    Case(
        neon_role,
        {**OWNER, "distinct_from_branch": "production"},
        passwords("npg_theirs", branches("production", PRODUCTION)),
        [Request("POST", f"{ROLES}/shop_owner/reset_password", {"role": role(), "operations": []})],
        passwords("npg_another"),
        set(),
    ),
    Case(
        neon_role,
        {**OWNER, "state": "absent", "confirm_destroy": "shop_owner"},
        [roles(role())],
        [Request("DELETE", f"{ROLES}/shop_owner", {"role": role(), "operations": []})],
        [roles()],
        set(),
    ),
]
CASES = [*BRANCH_CASES, *ENDPOINT_CASES, *SNAPSHOT_CASES, *PROJECT_CASES, *DATABASE_CASES, *ROLE_CASES]


def task(case: Case) -> dict[str, t.Any]:
    """All options of a case's task."""
    parents = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID}
    known = {name: parents[name] for name in parents if name in case.module.SPEC["argument_spec"]}
    return options(**known, **case.wish)


def case_id(case: Case) -> str:
    """What pytest calls a case."""
    return f"{case.module.__name__.rsplit('.', 1)[-1]}-{case.wish}"
