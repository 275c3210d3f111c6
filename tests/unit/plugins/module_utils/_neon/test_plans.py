# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planning functions by table: what is there, what is wanted, what has to be done."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import (
    ConfirmationError,
    DbinfraError,
    ImmutableError,
    InputError,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.reconcile import Plan
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.database_plan import DatabaseWish, plan_database
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.endpoint_plan import EndpointWish, plan_endpoint
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project_plan import ProjectWish, plan_project
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.records import Compute, Database, Endpoint, Project, Role
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.role_plan import RoleState, RoleWish, plan_role
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.rules import compute_differences

PROJECT = Project("p-1", "shop", "aws-eu-central-1", 17, "org-1", True, 86400, {"autoscaling_limit_min_cu": 0.25, "pg_settings": {"a": "b"}})
ENDPOINT = Endpoint("ep-1", "br-1", "read_write", "ep-1.x", "ep-1-pooler.x", Compute(0.25, 2.0, 0))


def steps(plan: Plan) -> list[str]:
    return [change.action for change in plan.changes]


@pytest.mark.parametrize(
    ("project", "wish", "actions", "before", "after"),
    [
        (PROJECT, {}, [], {}, {}),
        (PROJECT, {"region_id": "aws-eu-central-1", "pg_version": 17, "org_id": "org-1", "store_passwords": True}, [], {}, {}),
        (PROJECT, {"history_retention_seconds": 86400}, [], {}, {}),
        (PROJECT, {"default_branch": "other", "owner_role": "other", "database": "other"}, [], {}, {}),
        (
            PROJECT,
            {"history_retention_seconds": 604800},
            ["update"],
            {"name": "shop", "history_retention_seconds": 86400},
            {"name": "shop", "history_retention_seconds": 604800},
        ),
        (
            PROJECT,
            {"history_retention_seconds": 3600, "confirm_destroy": "shop"},
            ["update"],
            {"name": "shop", "history_retention_seconds": 86400},
            {"name": "shop", "history_retention_seconds": 3600},
        ),
        (
            PROJECT,
            {"default_compute": Compute(0.25, 2.0, None)},
            ["update"],
            {"name": "shop", "default_compute": {"max_cu": None}},
            {"name": "shop", "default_compute": {"max_cu": 2.0}},
        ),
        (
            None,
            {"region_id": "r", "default_branch": "production", "default_compute": Compute(0.5, 2.0, -1)},
            ["create"],
            {},
            {
                "name": "shop",
                "region_id": "r",
                "default_branch": "production",
                "default_compute": {"min_cu": 0.5, "max_cu": 2.0, "suspend_timeout_seconds": -1},
            },
        ),
        (None, {"owner": False}, ["create"], {}, {"name": "shop"}),
        (None, {"present": False}, [], {}, {}),
        (
            PROJECT,
            {"present": False, "confirm_destroy": "shop"},
            ["delete"],
            {"name": "shop", "region_id": "aws-eu-central-1", "pg_version": 17},
            {},
        ),
    ],
)
def test_project(project: Project | None, wish: dict[str, t.Any], actions: list[str], before: t.Any, after: t.Any) -> None:
    plan = plan_project(project, ProjectWish("shop", **wish))
    assert (steps(plan), dict(plan.before), dict(plan.after)) == (actions, before, after)


def test_the_whole_default_compute_is_sent() -> None:
    plan = plan_project(PROJECT, ProjectWish("shop", default_compute=Compute(max_cu=2.0)))
    settings = {"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2.0, "pg_settings": {"a": "b"}}
    assert plan.changes[0].payload == {"id": "p-1", "fields": {"default_endpoint_settings": settings}}


@pytest.mark.parametrize(
    ("wish", "error", "text"),
    [
        ({"region_id": "aws-us-east-2"}, ImmutableError, "region_id aws-eu-central-1, declared is aws-us-east-2.*never made anew"),
        ({"pg_version": 16}, ImmutableError, "pg_version 17, declared is 16"),
        ({"org_id": "org-2"}, ImmutableError, "transfer the project"),
        ({"store_passwords": False}, ImmutableError, "store_passwords True, declared is False"),
        (
            {"history_retention_seconds": 604800, "owner": False},
            InputError,
            "history_retention_seconds is 86400, declared is 604800.*is a member",
        ),
        ({"history_retention_seconds": 3600}, ConfirmationError, "shorten the history.*confirm_destroy: shop"),
        ({"history_retention_seconds": 3600, "confirm_destroy": "Shop"}, ConfirmationError, "'Shop', which is not the exact name"),
        ({"present": False}, ConfirmationError, "refused to delete project shop.*It is not set"),
        ({"default_compute": Compute(4, 2, None)}, InputError, "min_cu is 4. The minimum is above the maximum .max_cu = 2."),
        ({"default_branch": ""}, InputError, "option default_branch: a branch's name has 1 to 256 characters, this one has 0"),
        ({"owner_role": "postgres"}, InputError, "option owner_role: postgres cannot be made: the name postgres is reserved"),
        ({"owner_role": "PG_x"}, InputError, "option owner_role: PG_x cannot be made: names that begin with pg_ belong to PostgreSQL"),
        ({"owner_role": "é" * 32}, InputError, "option owner_role: a role's name has 1 to 63 bytes, this one has 64"),
        ({"database": "template0"}, InputError, "option database: template0 cannot be made: every PostgreSQL server has"),
        ({"history_retention_seconds": 2592001}, InputError, "option history_retention_seconds: it is 2592001. Neon keeps 0 to 2592000 seconds"),
        ({"history_retention_seconds": -1}, InputError, "option history_retention_seconds: it is -1. Neon keeps 0 to 2592000 seconds"),
    ],
)
def test_project_refusals(wish: dict[str, t.Any], error: type[DbinfraError], text: str) -> None:
    with pytest.raises(error, match=text):
        plan_project(PROJECT, ProjectWish("shop", **wish))


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [
        (Compute(0.25, 2.0, 0), Compute(), {}),
        (Compute(0.25, 2.0, 0), Compute(0.25, 2, 300), {}),
        (Compute(0.25, 2.0, 300), Compute(suspend_timeout_seconds=0), {}),
        (Compute(0.25, 2.0, 0), Compute(suspend_timeout_seconds=-1), {"suspend_timeout_seconds": (0, -1)}),
        (Compute(0.25, 2.0, -1), Compute(suspend_timeout_seconds=0), {"suspend_timeout_seconds": (-1, 0)}),
        (Compute(0.25, 2.0, 0), Compute(1, 4, 600), {"min_cu": (0.25, 1), "max_cu": (2.0, 4), "suspend_timeout_seconds": (0, 600)}),
    ],
)
def test_computes_are_compared_by_meaning(have: Compute, want: Compute, expected: dict[str, t.Any]) -> None:
    assert compute_differences(have, want) == expected


@pytest.mark.parametrize(
    ("want", "fields"),
    [
        (Compute(0.5, 2.0, 300), {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2.0}),
        (Compute(0.25, 2.0, -1), {"suspend_timeout_seconds": -1}),
        (Compute(max_cu=4.0), {"autoscaling_limit_max_cu": 4.0}),
    ],
)
def test_only_what_differs_is_sent_to_an_endpoint(want: Compute, fields: dict[str, t.Any]) -> None:
    plan = plan_endpoint(ENDPOINT, "br-1", EndpointWish("read_write", want))
    assert plan.changes[0].payload == {"id": "ep-1", "fields": fields}


@pytest.mark.parametrize(
    ("want", "text"),
    [
        (Compute(min_cu=4.0), "min_cu is 4, above the present max_cu 2, which is not declared.*Declare max_cu as well"),
        (Compute(max_cu=16.0), "max_cu is 16. Neon scales over at most 8 CU, and min_cu is 0.5. Declare at most 8, or a larger minimum"),
        (Compute(max_cu=0.25), "max_cu is 0.25, below the present min_cu 0.5, which is not declared.*Declare min_cu as well"),
    ],
)
def test_an_end_of_the_size_that_is_not_declared_is_not_moved(want: Compute, text: str) -> None:
    endpoint = dataclasses.replace(ENDPOINT, compute=Compute(0.5, 2.0, 0))
    with pytest.raises(InputError, match=text):
        plan_endpoint(endpoint, "br-1", EndpointWish("read_write", want))
    project = dataclasses.replace(PROJECT, default_endpoint_settings={"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2})
    with pytest.raises(InputError, match=f"option default_compute: {text}"):
        plan_project(project, ProjectWish("shop", default_compute=want))
    # Up to the other end it may go, and what does not exist yet has no other end.
    assert steps(plan_endpoint(endpoint, "br-1", EndpointWish("read_write", Compute(min_cu=2.0)))) == ["update"]
    assert steps(plan_endpoint(None, "br-1", EndpointWish("read_write", want))) == ["create"]


@pytest.mark.parametrize("want", [Compute(), Compute(0.25, 2.0, 0), Compute(0.25, 2.0, 300)])
def test_an_endpoint_without_a_difference_is_left_alone(want: Compute) -> None:
    assert plan_endpoint(ENDPOINT, "br-1", EndpointWish("read_write", want)) == Plan()


def test_a_new_endpoint() -> None:
    plan = plan_endpoint(None, "br-1", EndpointWish("read_write", Compute(0.5, 2.0, -1)))
    sizes = {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2.0, "suspend_timeout_seconds": -1}
    assert plan.changes[0].payload == {"branch_id": "br-1", "type": "read_write", **sizes}
    assert plan.after == {"type": "read_write", "min_cu": 0.5, "max_cu": 2.0, "suspend_timeout_seconds": -1}


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (Compute(2, 1, None), "min_cu is 2. The minimum is above the maximum .max_cu = 1."),
        (Compute(0.1, None, None), "min_cu is 0.1. Neon has no compute of this size. Declare 0.25."),
        (Compute(None, 0, None), "max_cu is 0"),
        (Compute(float("nan"), None, None), "min_cu is nan. Neon has no compute of this size. Declare a number"),
        (Compute(0.25, float("inf"), None), "max_cu is inf. Neon has no compute of this size"),
        (Compute(float("-inf"), None, None), "min_cu is -inf. Neon has no compute of this size"),
        (Compute(0.3, None, None), "min_cu is 0.3. Neon has no compute of this size. Declare 0.25 or 0.5."),
        (Compute(1, 10, None), "max_cu is 10. Neon scales over at most 8 CU, and min_cu is 1. Declare at most 9, or a larger minimum."),
        (Compute(0.25, 9, None), "max_cu is 9. Neon scales over at most 8 CU, and min_cu is 0.25. Declare at most 8,"),
        (Compute(16, 18, None), "max_cu is 18. Computes above 16 CU do not scale .min_cu = 16."),
        (Compute(None, None, 30), "suspend_timeout_seconds is 30"),
        (Compute(None, None, -2), "suspend_timeout_seconds is -2"),
        (Compute(None, None, 700000), "suspend_timeout_seconds is 700000"),
    ],
)
@pytest.mark.parametrize("endpoint", [None, ENDPOINT])
def test_sizes_that_cannot_be_are_refused_before_anything_is_sent(endpoint: Endpoint | None, compute: Compute, text: str) -> None:
    with pytest.raises(InputError, match=text):
        plan_endpoint(endpoint, "br-1", EndpointWish("read_write", compute))


def test_an_endpoint_is_deleted_by_its_id() -> None:
    with pytest.raises(ConfirmationError, match="confirm_destroy: ep-1"):
        plan_endpoint(ENDPOINT, "br-1", EndpointWish("read_write", state="absent"))
    assert steps(plan_endpoint(ENDPOINT, "br-1", EndpointWish("read_write", state="absent", confirm_destroy="ep-1"))) == ["delete"]
    assert steps(plan_endpoint(None, "br-1", EndpointWish("read_write", state="absent"))) == []


@pytest.mark.parametrize(
    ("state", "wish", "actions"),
    [
        (RoleState(None), {}, ["create"]),
        (RoleState(Role("owner", "br-1")), {}, []),
        (RoleState(Role("owner", "br-1"), shared=False), {"distinct_from": "production"}, []),
        (RoleState(Role("owner", "br-1"), shared=True), {"distinct_from": "production"}, ["reset the password of"]),
        (RoleState(None), {"present": False}, []),
        (RoleState(Role("owner", "br-1")), {"present": False, "confirm_destroy": "owner"}, ["delete"]),
    ],
)
def test_role(state: RoleState, wish: dict[str, t.Any], actions: list[str]) -> None:
    assert steps(plan_role(state, RoleWish("owner", **wish))) == actions


@pytest.mark.parametrize(
    ("state", "wish", "error", "text"),
    [
        (RoleState(Role("owner", "br-1")), {"name": "owner", "present": False}, ConfirmationError, "confirm_destroy: owner"),
        (
            RoleState(Role("cloud_admin", "br-1", protected=True)),
            {"name": "cloud_admin", "present": False, "confirm_destroy": "cloud_admin"},
            InputError,
            "one of Neon's own",
        ),
        (RoleState(None), {"name": "ä" * 32}, InputError, "this one has 64"),
        (RoleState(None), {"name": ""}, InputError, "this one has 0"),
    ],
)
def test_role_refusals(state: RoleState, wish: dict[str, t.Any], error: type[DbinfraError], text: str) -> None:
    with pytest.raises(error, match=text):
        plan_role(state, RoleWish(**wish))


@pytest.mark.parametrize(
    ("database", "wish", "actions", "after"),
    [
        (None, {"owner_name": "owner"}, ["create"], {"name": "shop", "owner_name": "owner"}),
        (Database("shop", "owner", "br-1"), {"owner_name": "owner"}, [], {}),
        (Database("shop", "owner", "br-1"), {}, [], {}),
        (Database("shop", "other", "br-1"), {"owner_name": "owner"}, ["change the owner of"], {"name": "shop", "owner_name": "owner"}),
        (None, {"present": False}, [], {}),
        (Database("shop", "owner", "br-1"), {"present": False, "confirm_destroy": "shop"}, ["delete"], {}),
    ],
)
def test_database(database: Database | None, wish: dict[str, t.Any], actions: list[str], after: dict[str, t.Any]) -> None:
    plan = plan_database(database, DatabaseWish("shop", **wish))
    assert (steps(plan), dict(plan.after)) == (actions, after)


@pytest.mark.parametrize(
    ("database", "wish", "error", "text"),
    [
        (None, {"name": "shop"}, InputError, "nothing says who is to own it"),
        (None, {"name": ""}, InputError, "option name: a database's name has 1 to 63 bytes, this one has 0"),
        (None, {"name": "postgres", "owner_name": "o"}, InputError, "option name: postgres cannot be made: every PostgreSQL server has"),
        (Database("shop", "owner", "br-1"), {"name": "shop", "present": False}, ConfirmationError, "delete database shop with its data"),
    ],
)
def test_database_refusals(database: Database | None, wish: dict[str, t.Any], error: type[DbinfraError], text: str) -> None:
    with pytest.raises(error, match=text):
        plan_database(database, DatabaseWish(**wish))
