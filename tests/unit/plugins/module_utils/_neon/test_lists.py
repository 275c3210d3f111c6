# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paging, partial lists and exact names."""

from __future__ import annotations

import typing as t

import pytest
from unit.neon_conversation import BRANCH_ID, PROJECT_ID, FakeClock, branch, database, endpoint, project

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import (
    AmbiguousError,
    NotFoundError,
    ProviderError,
    UnreachableError,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.client import NeonClient
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.deadline import Deadline
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.endpoint import endpoints_of
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.lists import all_endpoints, branch_called, branch_named, projects_named
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.operations import wait_until_settled
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project_look import available_libraries
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.reach import database_called, hosts_of
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.snapshot_find import find_snapshot


class Pages(NeonClient):
    """A client that answers its list requests with these pages."""

    def __init__(self, *pages: dict[str, t.Any], timeout: float = 300.0) -> None:
        self.clock = FakeClock()
        super().__init__("https://neon.test", t.cast(t.Any, None), Deadline(timeout, self.clock))
        self._pages = list(pages)
        self.queries: list[dict[str, t.Any]] = []

    def call(self, method: str, path: str, *, query: t.Any = None, body: t.Any = None) -> dict[str, t.Any]:
        self.queries.append({key: value for key, value in dict(query or {}).items() if value is not None})
        return self._pages.pop(0)


def full_page(cursor: str) -> dict[str, t.Any]:
    return {"projects": [project(id=f"p-{cursor}-{number}", name=f"shop-{number}") for number in range(400)], "pagination": {"cursor": cursor}}


def test_projects_are_paged_and_compared_exactly() -> None:
    last = {"projects": [project(), project(id="p-2", name="shop-2"), project(id="p-3", name="Shop")], "pagination": {"cursor": "end"}}
    client = Pages(full_page("a"), full_page("b"), last)
    assert [found["id"] for found in projects_named(client, "shop", "org-1")] == [PROJECT_ID]
    assert client.queries == [
        {"search": "shop", "limit": 400, "org_id": "org-1"},
        {"search": "shop", "limit": 400, "org_id": "org-1", "cursor": "a"},
        {"search": "shop", "limit": 400, "org_id": "org-1", "cursor": "b"},
    ]


@pytest.mark.parametrize("odd", ["x", None, 3, ["x"]])
@pytest.mark.parametrize(
    ("read", "answer", "field"),
    [
        (lambda client: projects_named(client, "shop", None), {"projects": [project()]}, "projects"),
        (lambda client: branch_named(client, PROJECT_ID, "production"), {"branches": [branch()]}, "branches"),
        (lambda client: all_endpoints(client, PROJECT_ID), {"endpoints": [endpoint()]}, "endpoints"),
        (lambda client: endpoints_of(client, PROJECT_ID, BRANCH_ID), {"endpoints": [endpoint()]}, "endpoints"),
        (lambda client: database_called(client, PROJECT_ID, BRANCH_ID, "shop"), {"databases": [database()]}, "databases"),
        (lambda client: hosts_of(client, PROJECT_ID, BRANCH_ID), {"endpoints": [endpoint()]}, "endpoints"),
        (lambda client: find_snapshot(client, PROJECT_ID, "before", None), {"snapshots": []}, "snapshots"),
        (lambda client: wait_until_settled(client, PROJECT_ID), {"operations": []}, "operations"),
        (lambda client: available_libraries(client, PROJECT_ID), {"libraries": []}, "libraries"),
    ],
)
def test_a_list_with_something_else_in_it_is_no_answer_of_neon(
    read: t.Callable[[NeonClient], t.Any], answer: dict[str, t.Any], field: str, odd: t.Any
) -> None:
    read(Pages(answer))
    with pytest.raises(ProviderError, match=f"the field {field} of Neon's answer is not a list of objects"):
        read(Pages({**answer, field: [*answer[field], odd]}))


@pytest.mark.parametrize("odd", [["p-1", 3], [None], "p-1", {}])
def test_the_ids_of_unavailable_projects_are_texts(odd: t.Any) -> None:
    with pytest.raises(ProviderError, match="unavailable_project_ids of Neon's answer is not a list of strings"):
        projects_named(Pages({"projects": [], "unavailable_project_ids": odd}), "shop", None)


@pytest.mark.parametrize(("annotations", "more"), [({BRANCH_ID: "x"}, {}), ({BRANCH_ID: ["x"]}, {}), ({}, {"id": ["x"]}), ({}, {"id": {}})])
def test_an_annotation_that_is_none_and_an_id_that_is_no_text(annotations: dict[str, t.Any], more: dict[str, t.Any]) -> None:
    with pytest.raises(ProviderError, match=r"is not an object|is not a string"):
        branch_named(Pages({"branches": [branch(**more)], "annotations": annotations}), PROJECT_ID, "production")


def test_one_short_page_is_one_request() -> None:
    client = Pages({"projects": [project()], "pagination": {"cursor": "x"}})
    assert len(projects_named(client, "shop", None)) == 1


def test_a_list_that_does_not_move_on_ends_in_an_error() -> None:
    with pytest.raises(ProviderError, match="does not end"):
        projects_named(Pages(full_page("a"), full_page("a")), "shop", None)


def test_a_partial_list_is_asked_for_again() -> None:
    partial = {"projects": [], "unavailable_project_ids": ["p-9"]}
    client = Pages(partial, {"projects": [project()], "unavailable_project_ids": []})
    assert len(projects_named(client, "shop", None)) == 1
    assert client.clock.slept == [1.0]


def test_a_list_that_stays_partial_proves_no_absence() -> None:
    partial = {"projects": [project()], "unavailable_project_ids": ["p-9"]}
    with pytest.raises(UnreachableError, match=r"could not show all projects.*p-9.*pin the project's id"):
        projects_named(Pages(partial, partial, partial), "shop", None)


def test_branches_are_paged_in_a_stable_order() -> None:
    client = Pages(
        {"branches": [branch(name="staging-2", id="br-2")], "pagination": {"next": "n1"}},
        {"branches": [branch(name="staging")], "pagination": {}},
    )
    assert branch_named(client, PROJECT_ID, "staging") == branch(name="staging")
    assert client.queries == [
        {"search": "staging", "limit": 1000, "sort_by": "created_at", "sort_order": "asc"},
        {"search": "staging", "limit": 1000, "sort_by": "created_at", "sort_order": "asc", "cursor": "n1"},
    ]


def test_a_branch_is_never_found_by_a_part_of_its_name() -> None:
    page = {"branches": [branch(name="staging-2"), branch(name="Staging", id="br-2"), branch(name="production", id="br-staging", default=True)]}
    assert branch_named(Pages(page), PROJECT_ID, "staging") is None


def test_a_name_comes_before_an_id() -> None:
    page = {"branches": [branch(name="x", id="br-1"), branch(name="br-1", id="br-2")]}
    assert branch_called(Pages(page), PROJECT_ID, "br-1", where="option parent")["id"] == "br-2"
    assert branch_called(Pages({"branches": [branch(id="br-1")]}), PROJECT_ID, "br-1", where="option parent")["id"] == "br-1"


def test_a_branch_that_is_not_there_is_never_replaced_by_the_default() -> None:
    page = {"branches": [branch(name="production", default=True)]}
    with pytest.raises(NotFoundError, match=r"option parent: .*no branch named 'prod'"):
        branch_called(Pages(page), PROJECT_ID, "prod", where="option parent")


def test_two_objects_of_one_name_are_an_error_naming_both() -> None:
    page = {"branches": [branch(id="br-2"), branch(id="br-1")]}
    with pytest.raises(AmbiguousError, match="br-1, br-2"):
        branch_named(Pages(page), PROJECT_ID, "production")
