# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading Neon's objects: unknown things are tolerated, missing ones are named, strangers are refused."""

from __future__ import annotations

import typing as t

import pytest
from unit import neon_conversation as neon

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import ProviderError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import records

READERS: dict[str, tuple[t.Callable[[t.Any], t.Any], t.Callable[..., dict[str, t.Any]], tuple[str, ...]]] = {
    "project": (records.project_from, neon.project, ("id", "name", "region_id", "pg_version")),
    "branch": (
        lambda data: records.branch_from(data, neon.PROJECT_ID),
        neon.branch,
        ("id", "project_id", "name", "default", "protected"),
    ),
    "endpoint": (
        lambda data: records.endpoint_from(data, neon.BRANCH_ID),
        neon.endpoint,
        ("id", "branch_id", "type", "host", "autoscaling_limit_min_cu", "autoscaling_limit_max_cu", "suspend_timeout_seconds"),
    ),
    "role": (lambda data: records.role_from(data, neon.BRANCH_ID), neon.role, ("name", "branch_id")),
    "database": (lambda data: records.database_from(data, neon.BRANCH_ID), neon.database, ("name", "owner_name", "branch_id")),
}
FIELDS = [(kind, field) for kind, (_read, _make, fields) in READERS.items() for field in fields]


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_missing_field_is_named(kind: str, field: str) -> None:
    read, make, _fields = READERS[kind]
    with pytest.raises(ProviderError, match=f"the field {field} is missing"):
        read({key: value for key, value in make().items() if key != field})


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_field_of_another_type_is_named(kind: str, field: str) -> None:
    read, make, _fields = READERS[kind]
    with pytest.raises(ProviderError, match=f"the field {field} of Neon's answer is not"):
        read({**make(), field: ["x"]})


@pytest.mark.parametrize("kind", sorted(READERS))
def test_something_that_is_no_object_is_refused(kind: str) -> None:
    with pytest.raises(ProviderError, match="is missing"):
        READERS[kind][0]("text")


@pytest.mark.parametrize("kind", ["branch", "endpoint", "role", "database"])
def test_an_answer_about_another_parent_is_refused(kind: str) -> None:
    read, make, _fields = READERS[kind]
    parent = "project_id" if kind == "branch" else "branch_id"
    with pytest.raises(ProviderError, match=r"although .* was asked for"):
        read({**make(), parent: "somebody-else"})


def test_true_is_no_number() -> None:
    with pytest.raises(ProviderError, match="pg_version of Neon's answer is not an integer"):
        records.project_from(neon.project(pg_version=True))


@pytest.mark.parametrize(
    ("host", "pooled"),
    [
        ("ep-a-1.eu-central-1.aws.neon.tech", "ep-a-1-pooler.eu-central-1.aws.neon.tech"),
        ("ep-a-1.c-5.us-east-2.aws.neon.tech", "ep-a-1-pooler.c-5.us-east-2.aws.neon.tech"),
        ("ep-a-1", "ep-a-1-pooler"),
        ("ep-a-1-pooler.x.y", "ep-a-1-pooler.x.y"),
    ],
)
def test_pooler_belongs_to_the_first_label(host: str, pooled: str) -> None:
    assert records.pooled_host_of(host) == pooled


def test_hosts_that_the_api_names_are_taken() -> None:
    hosts = {"read_write_host": "rw.x", "read_write_pooled_host": "rw-p.x", "read_only_host": "ro.x", "read_only_pooled_host": "ro-p.x"}
    found = records.endpoint_from(neon.endpoint(hosts=hosts), neon.BRANCH_ID)
    assert (found.host, found.pooled_host) == ("rw.x", "rw-p.x")
    found = records.endpoint_from(neon.endpoint(hosts=hosts, type="read_only"), neon.BRANCH_ID)
    assert (found.host, found.pooled_host) == ("ro.x", "ro-p.x")


def test_reasons_of_restricted_actions_are_kept() -> None:
    found = records.branch_from(neon.branch(restricted_actions=[{"name": "restore", "reason": "it is archived"}, "odd"]), neon.PROJECT_ID)
    assert found.restricted == (("restore", "it is archived"),)
