# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""preview.yml on the local Neon: made, found again, renewed, expired, removed, and refused wherever it could hit something else."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import pathlib
import re
import typing as t

import psycopg2
import pytest
from integration.local_neon_project import eventually
from integration.prediction import differences
from integration.site_run import Run, environment, play

from emulators.fixtures import LocalNeon, running_neon

NAME = "preview-17"
DAY = 86400
NAMED = "preview_name (the role's neon_preview_name)"
GIVE = "Give preview- and up to 50 small letters, digits and single hyphens, for example preview-17 for pull request 17. Nothing was touched."


@dataclasses.dataclass(frozen=True)
class House:
    """Staging, converged on a local Neon, with a row in it, and what tests do with its previews."""

    neon: LocalNeon
    state: pathlib.Path
    project: str
    staging: str

    def run(self, *, check: bool = False, inventory: str = "staging", state: pathlib.Path | None = None, **more: t.Any) -> Run:
        env = environment(self.neon.env, {"DBINFRA_STATE_DIR": str(state or self.state)})
        extra = {"preview_name": NAME, **more}
        return play(env, inventory, playbook="playbooks/preview.yml", check=check, extra_vars=extra, arguments=["--diff", "-vvv"])

    def refused(self, **more: t.Any) -> str:
        """The message of a run that has to fail before it changes anything."""
        self.neon.reset_requests()
        before = self.branches()
        run = self.run(**more)
        assert run.returncode != 0
        assert {request["method"] for request in self.neon.requests()} <= {"GET"}
        assert self.branches() == before
        return " ".join(run.message.split())

    def branches(self) -> dict[str, str]:
        return {branch["name"]: branch["id"] for branch in self.neon.get(f"/projects/{self.project}/branches")["branches"]}

    def report(self) -> dict[str, t.Any]:
        path = self.state / "previews" / f"shop-{NAME}.json"
        assert path.stat().st_mode & 0o777 == 0o600
        return json.loads(path.read_text())

    def owners_password(self, branch_id: str) -> str:
        return self.neon.get(f"/projects/{self.project}/branches/{branch_id}/roles/shop_owner/reveal_password")["password"]


def delivered(state: pathlib.Path, name: str) -> dict[str, str]:
    """Read the delivered file the way a shell would."""
    path = state / "delivery" / f"shop-{name}.env"
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {key: value.strip("'\"") for key, _sep, value in lines}


def ends(report: dict[str, t.Any]) -> datetime.datetime:
    return datetime.datetime.fromisoformat(report["expires_at"])


def secret_of(uri: str) -> str:
    return uri.split("://", 1)[1].split("@", 1)[0].split(":", 1)[1]


def rows(uri: str, statement: str, **instead: str) -> list[tuple[t.Any, ...]]:
    with contextlib.closing(psycopg2.connect(uri, **instead)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[House]:
    with running_neon() as neon:
        state = tmp_path_factory.mktemp("state")
        play(environment(neon.env, {"DBINFRA_STATE_DIR": str(state)}), "staging").succeeded()
        project = next(each["id"] for each in neon.get("/projects")["projects"] if each["name"] == "shop")
        branches = {branch["name"]: branch["id"] for branch in neon.get(f"/projects/{project}/branches")["branches"]}
        made = House(neon, state, project, branches["staging"])
        rows(
            delivered(state, "staging")["DIRECT_URL"],
            "CREATE TABLE orders AS SELECT 42 AS id",
            user="shop_owner",
            password=made.owners_password(made.staging),
        )
        yield made


@pytest.fixture(scope="module")
def first(house: House) -> tuple[Run, Run]:
    """The prediction of the first run, and that run."""
    house.neon.reset_requests()
    predicted = house.run(check=True).succeeded()
    assert {request["method"] for request in house.neon.requests()} == {"GET"}
    assert not (house.state / "previews").exists()
    return predicted, house.run().succeeded()


def test_check_mode_predicts_the_first_run(first: tuple[Run, Run]) -> None:
    predicted, real = first
    assert real.changed > 0
    assert "\n".join(differences(predicted, real)) == ""
    assert "would be created from staging; it will expire 3d after it is made" in predicted.task("What was done").result["msg"]


def test_ci_learns_what_was_done(house: House, first: tuple[Run, Run]) -> None:
    report = house.report()
    branch = house.neon.get(f"/projects/{house.project}/branches/{house.branches()[NAME]}")["branch"]
    endpoint = house.neon.get(f"/projects/{house.project}/branches/{branch['id']}/endpoints")["endpoints"][0]
    assert branch["parent_id"] == house.staging
    assert (endpoint["autoscaling_limit_min_cu"], endpoint["autoscaling_limit_max_cu"], endpoint["suspend_timeout_seconds"]) == (0.25, 0.25, 0)
    assert report == {
        "name": NAME,
        "state": "present",
        "summary": f"Preview {NAME} was created from staging; it expires at {branch['expires_at']}",
        "project_id": house.project,
        "branch_id": branch["id"],
        "source": "staging",
        "created": True,
        "removed": False,
        "expires_at": branch["expires_at"],
        "host": endpoint["host"],
        "pooled_host": endpoint["host"].replace(endpoint["id"], f"{endpoint['id']}-pooler"),
        "port": report["port"],
        "database": "shop",
        "env_file": str(house.state / "delivery" / f"shop-{NAME}.env"),
        "env_variables": ["DATABASE_URL", "DIRECT_URL"],
    }
    life = datetime.datetime.fromisoformat(branch["expires_at"]) - datetime.datetime.fromisoformat(branch["created_at"])
    assert abs(life.total_seconds() - 3 * DAY) < 600
    assert report["summary"] == first[1].task("What was done").result["msg"]


def test_what_is_delivered_leads_to_a_copy_of_staging(house: House, first: tuple[Run, Run]) -> None:
    here, there = delivered(house.state, NAME), delivered(house.state, "staging")
    for kind, host in (("DATABASE_URL", "pooled_host"), ("DIRECT_URL", "host")):
        assert f"@{house.report()[host]}:" in here[kind]
        assert (42, "shop_app") in rows(here[kind], "SELECT id, current_user FROM orders")
        rows(here[kind], "INSERT INTO orders VALUES (43)")
        assert rows(there[kind], "SELECT id FROM orders") == [(42,)]


def test_no_password_of_staging_works_here_nor_the_other_way_round(house: House, first: tuple[Run, Run]) -> None:
    here, there = delivered(house.state, NAME)["DIRECT_URL"], delivered(house.state, "staging")["DIRECT_URL"]
    secrets = json.loads((house.state / "secrets" / "shop-staging.json").read_text())
    tried = [(here, role, secret) for role, secret in secrets.items()]
    tried += [(there, "shop_app", secret_of(here))]
    tried += [(here, "shop_owner", house.owners_password(house.staging)), (there, "shop_owner", house.owners_password(house.branches()[NAME]))]
    for uri, role, password in tried:
        with pytest.raises(psycopg2.OperationalError, match=r"password authentication failed|SASL authentication failed"):
            psycopg2.connect(uri, user=role, password=password)
    assert rows(here, "SELECT 1", user="shop_owner", password=house.owners_password(house.branches()[NAME])) == [(1,)]


def test_a_check_of_what_is_there_predicts_no_change_and_reports_nothing(house: House, first: tuple[Run, Run]) -> None:
    before = house.report()
    assert house.run(check=True).succeeded().changed == 0
    assert house.report() == before


def test_a_job_that_forgot_its_disk_gets_the_same_strings_where_it_wants_them(house: House, first: tuple[Run, Run], tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o755)
    file, report = tmp_path / f"shop-{NAME}.env", tmp_path / "preview.json"
    run = house.run(state=tmp_path / "state", preview_env_file=str(file), preview_report_file=str(report)).succeeded()
    assert file.read_text() == (house.state / "delivery" / file.name).read_text()
    assert json.loads(report.read_text())["env_file"] == str(file)
    assert [path.stat().st_mode & 0o777 for path in (file, report)] == [0o600, 0o600]
    assert [task.name.split(" : ")[-1] for task in run.tasks if task.changed] == ["The application's connection strings"]
    # Nothing else is kept, and a folder that was there stays as it was.
    assert not (tmp_path / "state" / "secrets").exists()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_staging_is_not_touched(house: House, first: tuple[Run, Run]) -> None:
    env = environment(house.neon.env, {"DBINFRA_STATE_DIR": str(house.state)})
    assert play(env, "staging", check=True).succeeded().changed == 0


def test_no_secret_is_printed_or_in_the_report(house: House, first: tuple[Run, Run]) -> None:
    secrets = {house.neon.api_key, house.owners_password(house.staging), house.owners_password(house.branches()[NAME])}
    secrets |= {secret_of(uri) for uri in delivered(house.state, NAME).values()}
    secrets |= set(json.loads((house.state / "secrets" / "shop-staging.json").read_text()).values())
    seen = "".join(run.output for run in first) + json.dumps(house.report())
    assert [secret for secret in secrets if secret in seen] == []
    for path in house.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.fixture(scope="module")
def renewed(house: House, first: tuple[Run, Run]) -> tuple[dict[str, t.Any], Run, dict[str, t.Any]]:
    """A run that gives the preview five days instead of its three, between the report before it and its own."""
    before = house.report()
    run = house.run(preview_ttl="5d", preview_renew="true").succeeded()
    return before, run, house.report()


def test_renewing_moves_the_end_forward(renewed: tuple[dict[str, t.Any], Run, dict[str, t.Any]]) -> None:
    before, run, after = renewed
    assert run.changed == 1
    assert abs((ends(after) - ends(before)).total_seconds() - 2 * DAY) < 600
    assert after == {**before, "created": False, **{key: after[key] for key in ("summary", "expires_at")}}


def test_a_second_run_changes_nothing_and_a_shorter_life_takes_nothing_away(
    house: House, renewed: tuple[dict[str, t.Any], Run, dict[str, t.Any]]
) -> None:
    """The command of the first run once more, whose three days would end before the renewed five."""
    _before, _run, longer = renewed
    assert house.run().succeeded().changed == 0
    assert house.report() == {**longer, "created": False, "summary": f"Preview {NAME} existed already; it expires at {longer['expires_at']}"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"preview_name": "preview-../x"}, f'{NAMED} = "preview-../x": it is no name of a preview. {GIVE}'),
        ({"preview_name": "staging"}, f'{NAMED} = "staging": it is the name of an environment or of its branch. {GIVE}'),
        (
            {"preview_name": "preview-x", "neon_default_branch": "preview-x"},
            f'{NAMED} = "preview-x": it is the name of an environment or of its branch.',
        ),
        ({"preview_name": ""}, "-e preview_name=preview-17"),
        ({"preview_name": "staging", "preview_state": "absent", "preview_confirm_destroy": "staging"}, f'{NAMED} = "staging": it is'),
        ({"inventory": "production"}, "Previews of production are not allowed here"),
        ({"inventory": "production", "neon_preview_allowed": True, "preview_name": "preview-2"}, "a preview would carry production's data"),
        ({"neon_branch_id": "br-other", "preview_name": "preview-2"}, "has no branch named staging with the id br-other"),
        ({"neon_project_name": "sho"}, "0 projects are named sho among those that this key can see"),
        ({"preview_state": "absent", "preview_confirm_destroy": "preview-1"}, f"confirm_destroy: {NAME}"),
        ({"preview_name": 17}, f'{NAMED} = "17": it is no name of a preview. {GIVE}'),
    ],
)
def test_refused(house: House, first: tuple[Run, Run], more: dict[str, t.Any], words: str) -> None:
    assert words in house.refused(**more)


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        (
            {"preview_renew": "maybe", "preview_state": "gone", "preview_report_file": "preview.json"},
            {
                "preview_renew": '"maybe": it must be of the type bool',
                "preview_state": '"gone": it must be one of "present", "absent". Correct it.',
                "preview_report_file": '"preview.json": it is a relative path',
            },
        ),
        (
            {"preview_ttl": "31d", "preview_report_file": "/tmp"},
            {
                "preview_ttl": '"31d": 31d is 31 d, Neon keeps an expiring branch for 30 d at most. Shorten it.',
                "preview_report_file": '"/tmp": it is a directory',
            },
        ),
        (
            {"preview_ttl": "soon", **dict.fromkeys(("preview_env_file", "preview_report_file"), "{{ db_state_dir }}/one")},
            {
                "preview_ttl": "\"soon\": 'soon' is no span of time",
                "preview_report_file": "this is the file of preview_env_file (the role's neon_preview_env_file) as well. Declare two different files.",
            },
        ),
        (
            dict.fromkeys(("preview_env_file", "preview_report_file"), "{{ db_state_dir }}/delivery/shop-staging.env"),
            dict.fromkeys(("preview_env_file", "preview_report_file"), "the environment that the preview is made from keeps its own strings"),
        ),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(house: House, first: tuple[Run, Run], more: dict[str, t.Any], reasons: dict[str, str]) -> None:
    """One finding for each variable, and no other."""
    said = re.split(r" [1-9]\. ", house.refused(preview_name="preview-2", **more))[1:]
    assert len(said) == len(reasons), said
    for variable, reason in reasons.items():
        (finding,) = [each for each in said if each.startswith(f"{variable} (the role's neon_{variable}) = ")]
        assert reason in finding


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 257, "it is no name of a preview"),
        (f"preview-{'a' * 249}", "it has 257 characters, and a preview is called preview- and up to 50 more"),
    ],
)
def test_a_name_that_is_too_long_is_the_one_thing_that_is_wrong(house: House, first: tuple[Run, Run], name: str, reason: str) -> None:
    """The files and the lock that are called after it are not blamed, whatever else is wrong is not looked at, and nothing is asked."""
    said = house.refused(preview_name=name, preview_ttl="soon")
    assert said == f'{NAMED} = "{name[:117]}...": {reason}. {GIVE}'
    # What refused() itself asks before and after.
    assert [request["template"] for request in house.neon.requests()] == ["/projects/{project_id}/branches"] * 2


def test_a_branch_of_somebody_else_is_left_alone(house: House, first: tuple[Run, Run]) -> None:
    def made(name: str, parent_id: str, mark: dict[str, str]) -> str:
        body = {"branch": {"name": name, "parent_id": parent_id}, "annotation_value": mark}
        return house.neon.post(f"/projects/{house.project}/branches", body)["branch"]["id"]

    ours = {"managed_by": "dbinfra.postgres"}
    strangers = {"preview-30": (made("preview-30", house.staging, {}), "it was not made by this collection")}
    strangers["preview-31"] = (made("preview-31", house.branches()["production"], ours), "it was made from another branch")
    for name, (branch_id, reason) in strangers.items():
        said = house.refused(preview_name=name, preview_state="absent", preview_confirm_destroy=name)
        assert f"There is a branch {name} ({branch_id}), but no preview of staging" in said
        assert reason in said
    assert "but no preview of staging" in house.refused(preview_name="preview-30")


def test_after_its_end_a_preview_is_made_anew(house: House, first: tuple[Run, Run]) -> None:
    old, report = house.branches()[NAME], house.report()
    left = datetime.datetime.fromisoformat(report["expires_at"]) - datetime.datetime.now(datetime.UTC)
    house.neon.advance_clock(left.total_seconds() + 3600)
    eventually(lambda: NAME not in house.branches())
    # Neon's clock is ahead of ours now.
    house.run(preview_ttl="20d").succeeded()
    assert house.branches()[NAME] != old
    again = house.report()
    assert (again["created"], again["host"] != report["host"]) == (True, True)
    assert rows(delivered(house.state, NAME)["DATABASE_URL"], "SELECT id FROM orders") == [(42,)]


def test_a_preview_is_removed_and_nothing_else(house: House, first: tuple[Run, Run]) -> None:
    file = house.state / "delivery" / f"shop-{NAME}.env"
    before = house.branches()
    confirmed = {"preview_state": "absent", "preview_confirm_destroy": NAME}
    predicted = house.run(check=True, **confirmed).succeeded()
    assert house.branches() == before and file.exists()
    run = house.run(**confirmed).succeeded()
    assert [(task.name, task.changed) for task in predicted.tasks] == [(task.name, task.changed) for task in run.tasks]
    assert set(before) - set(house.branches()) == {NAME}
    assert not file.exists()
    report = house.report()
    assert (report["removed"], report["created"], report["branch_id"]) == (True, False, before[NAME])
    assert report["summary"] == f"Preview {NAME} was removed, with its data"
    assert house.run(**confirmed).succeeded().changed == 0
    assert house.report()["summary"] == f"There is no preview {NAME}, nothing had to be removed"
    assert house.report()["removed"] is False


def test_no_lock_file_stays_behind(house: House, first: tuple[Run, Run]) -> None:
    """Nobody asks for the lock of a preview ever again: one file for its name, and one for each server that it was locked in."""
    locks = house.state / "locks"
    # A holder ends after its run, at once but not in the same moment.
    eventually(lambda: list(locks.iterdir()) == [])
