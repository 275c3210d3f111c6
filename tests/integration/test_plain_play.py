# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that anyone could write with the Neon modules, without a role of ours: its check on an empty account foretells its run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from integration import prediction
from integration.neon_account import DATABASE, OWNER, Account, Shop
from integration.site_run import CHECKOUT, Run, environment, play

from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_project
from emulators.fixtures import LocalNeon

SIZES = {"min_cu": 0.25, "max_cu": 1, "suspend_timeout_seconds": 0}
PROJECT = {
    "name": "plain-play",
    "region_id": "aws-eu-central-1",
    "pg_version": 17,
    "history_retention_seconds": 86400,
    "default_branch": "production",
    "owner_role": OWNER,
    "database": DATABASE,
}
OF_PROJECT = {"project_id": "{{ project.project.id }}", "predicted": "{{ not project.project.exists }}"}


def on(branch: str) -> dict[str, t.Any]:
    """What a task for something on a registered branch says of it."""
    return {
        "project_id": "{{ project.project.id }}",
        "branch_id": f"{{{{ {branch}.branch.id }}}}",
        "predicted": f"{{{{ not {branch}.branch.exists }}}}",
    }


def copied(branch: str) -> dict[str, t.Any]:
    return {**on(branch), "copied_from": f"{{{{ {branch}.branch.copied_from }}}}"}


# Two generations of branches, and everything that can be made on one.
BRANCHES: list[tuple[str, str, dict[str, t.Any], str | None]] = [
    ("Staging", "neon_branch", {**OF_PROJECT, "name": "staging", "parent": "production", "init_source": "schema-only"}, "staging"),
    ("Staging's compute", "neon_endpoint", {**on("staging"), **SIZES}, "endpoint"),
    ("Staging's new role", "neon_role", {**on("staging"), "name": "reports"}, None),
    ("Staging's new database", "neon_database", {**on("staging"), "name": "reports", "owner_name": "reports"}, None),
    (
        "Staging's mark",
        "neon_snapshot",
        {
            "project_id": "{{ project.project.id }}",
            "predicted": "{{ not staging.branch.exists }}",
            "name": "dbinfra-mark",
            "branch": "staging",
        },
        None,
    ),
    (
        "Preview",
        "neon_branch",
        {
            **OF_PROJECT,
            "name": "preview",
            "parent": "staging",
            "predicted_parent": "{{ staging.branch }}",
            "ttl": "3d",
            "compute": SIZES,
            "database": DATABASE,
            "role": OWNER,
        },
        "preview",
    ),
    ("Preview's new role", "neon_role", {**on("preview"), "name": "visitor"}, None),
]
# What a copy comes with is only known where there is something to copy from.
COPIED: list[tuple[str, str, dict[str, t.Any], str | None]] = [
    ("Staging's owner came along", "neon_role", {**copied("staging"), "name": OWNER}, None),
    ("Preview's owner came along", "neon_role", {**copied("preview"), "name": OWNER}, None),
    ("Preview's database came along", "neon_database", {**copied("preview"), "name": DATABASE, "owner_name": OWNER}, None),
]


class Player:
    """Writes plain plays and runs them."""

    def __init__(self, folder: pathlib.Path, neon: LocalNeon) -> None:
        self.folder = folder
        self.neon = neon

    def __call__(self, tasks: list[tuple[str, str, dict[str, t.Any], str | None]], *, check: bool, **project: t.Any) -> Run:
        """Run the tasks behind the one that makes the project."""
        first = ("Project", "neon_project", {**PROJECT, **project}, "project")
        written = []
        for name, module, wish, register in [first, *tasks]:
            task = {"name": name, f"dbinfra.postgres.{module}": wish}
            written.append({**task, "register": register} if register else task)
        playbook = self.folder / "plain.yml"
        playbook.write_text(yaml.safe_dump([{"name": "Plain", "hosts": "localhost", "gather_facts": False, "tasks": written}], sort_keys=False))
        env = environment(self.neon.env, {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")})
        return play(env, playbook=str(playbook), check=check, arguments=() if check else ("--diff",))

    def requests(self) -> list[str]:
        return [request["method"] for request in self.neon.requests() if request["method"] != "GET"]


@pytest.fixture
def player(tmp_path: pathlib.Path, local_neon: LocalNeon) -> Player:
    return Player(tmp_path, local_neon)


@pytest.fixture
def shop(local_neon: LocalNeon) -> t.Iterator[Shop]:
    shop = Shop(Account(local_neon))
    yield shop
    shop.remove()


def _compared(predicted: Run, real: Run) -> None:
    assert prediction.differences(predicted.succeeded(), real.succeeded()) == []


def test_the_first_run_on_an_empty_account_is_foretold(player: Player) -> None:
    player.neon.reset_requests()
    predicted = player(BRANCHES, check=True)
    assert player.requests() == []
    real = player(BRANCHES, check=False)
    _compared(predicted, real)
    assert [task.name for task in real.tasks if not task.changed] == []
    again = player(BRANCHES, check=False).succeeded()
    assert again.changed == 0
    assert player(BRANCHES, check=True).succeeded().changed == 0
    Account(player.neon).ok(neon_project, name=PROJECT["name"], state="absent", confirm_destroy=PROJECT["name"])


def test_branches_of_a_project_that_is_there_are_foretold_with_what_they_come_with(player: Player, shop: Shop) -> None:
    """The original of a copy of a copy is what there is: production, two generations up."""
    tasks = [*BRANCHES, *COPIED]
    player.neon.reset_requests()
    predicted = player(tasks, check=True, name=shop.name)
    assert player.requests() == []
    assert predicted.task("Preview").result["connection"]["stand_in"]["branch_id"] == shop.production
    real = player(tasks, check=False, name=shop.name)
    _compared(predicted, real)
    assert [task.name for task in real.tasks if not task.changed] == ["Project", *(name for name, *_rest in COPIED)]
    # The branch that was foretold is the one that was made.
    made = real.task("Preview").result
    assert made["branch"]["copied_from"] == real.task("Staging").result["branch"]["id"]
    assert shop.rows(made["branch"]["id"], "SELECT rolname FROM pg_roles WHERE rolname IN ('reports', 'visitor') ORDER BY 1") == [
        ("reports",),
        ("visitor",),
    ]


@pytest.mark.parametrize(
    ("parent", "message"),
    [({"ttl": "1d"}, "branch staging will expire, and an expiring branch cannot have children"), ({"expires_at": "never"}, None)],
)
def test_what_an_earlier_task_makes_of_the_parent_counts(player: Player, shop: Shop, parent: dict[str, str], message: str | None) -> None:
    if message is None:
        # It expires now, and not any more after the first task.
        Account(player.neon).ok(neon_branch, project_id=shop.id, name="staging", parent="production", ttl="1d")
    tasks = [
        ("Staging", "neon_branch", {**OF_PROJECT, "name": "staging", "parent": "production", **parent}, "staging"),
        ("Child", "neon_branch", {**OF_PROJECT, "name": "child", "parent": "staging", "predicted_parent": "{{ staging.branch }}"}, None),
    ]
    predicted = player(tasks, check=True, name=shop.name)
    real = player(tasks, check=False, name=shop.name)
    if message is None:
        _compared(predicted, real)
    else:
        assert message in predicted.message
        assert "cannot have children" in real.message
