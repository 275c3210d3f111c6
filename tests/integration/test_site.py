# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml on the local Neon: predictions, idempotence, separation of the environments, limits, and the number of requests."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import subprocess
import threading
import time
import typing as t

import psycopg2
import pytest
from integration.prediction import differences
from integration.site_run import CHECKOUT, Run, ansible_playbook, environment, play

LIMITS = {"staging": 15, "production": 20}
# A run without a change. Staging looks at its parent's password as well, so as not to share it.
REQUESTS = {"staging": 13, "production": 12}
# A smaller pool and a shorter time-out than staging declares.
SMALLER = {
    "db_pool_max": 12,
    "db_settings_database": {"statement_timeout": "60s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "60s"},
}
# As staging declares them, with a value for a setting that the level derives and none for another, and the role's own time-out.
REDECLARED = {
    "db_settings_database": {
        "statement_timeout": "60s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
        "work_mem": "6MB",
        "jit": None,
    },
    "db_settings_roles": {
        "shop_readonly": {"default_transaction_read_only": True, "statement_timeout": "5min"},
        "shop_app": {"statement_timeout": 0},
    },
}
# What the levels derive from the declared computes, as the server shows it, with a declared time-out that goes before a derived one.
DERIVED = {
    "staging": {
        "work_mem": "4MB",
        "hash_mem_multiplier": "2",
        "maintenance_work_mem": "64MB",
        "max_parallel_workers": "0",
        "max_parallel_workers_per_gather": "0",
        "max_parallel_maintenance_workers": "0",
        "jit": "off",
        "random_page_cost": "1.1",
        "vacuum_cost_limit": "400",
        "idle_in_transaction_session_timeout": "1min",
    },
    "production": {
        "work_mem": "5MB",
        "hash_mem_multiplier": "2",
        "maintenance_work_mem": "128MB",
        "max_parallel_workers": "2",
        "max_parallel_workers_per_gather": "1",
        "max_parallel_maintenance_workers": "1",
        "jit": "off",
        "random_page_cost": "1.1",
        "default_statistics_target": "200",
        "vacuum_cost_limit": "1000",
        "idle_in_transaction_session_timeout": "1min",
    },
}
# Any key of an advisory lock that nobody else takes.
GATE = 4711


@pytest.fixture(scope="module")
def converged(local_neon, tmp_path_factory):
    """Both environments, made on an empty account, with the runs that made them. The other order: test_site_production_first.py."""
    state = tmp_path_factory.mktemp("state")
    env = environment(local_neon.env, {"DBINFRA_STATE_DIR": str(state)})
    runs = {}
    for name in LIMITS:
        local_neon.reset_requests()
        predicted = play(env, name, check=True)
        predicted_requests = local_neon.requests()
        # As loud as an operator gets: no secret may be printed then either.
        runs[name] = (predicted, predicted_requests, play(env, name, arguments=["--diff", "-vvv"]))
    return local_neon, env, state, runs


@pytest.mark.parametrize("name", ["staging", "production"])
def test_check_mode_predicts_the_first_run(converged, name):
    _neon, _env, _state, runs = converged
    predicted, requests, real = runs[name]
    predicted.succeeded()
    real.succeeded()
    assert real.changed > 0
    assert differences(predicted, real) == []
    assert {request["method"] for request in requests} == {"GET"}


@dataclasses.dataclass(frozen=True)
class OwnTimeout:
    """Runs of staging while the application's role has a time-out of its own, which nobody declared."""

    second: Run
    requests: list[dict[str, t.Any]]
    #: A check of a declaration that means the role's own time-out, with other settings of the database than those that are there.
    redeclared: Run


@pytest.fixture(scope="module")
def own_timeout(converged):
    neon, env, state, _runs = converged
    project = next(each["id"] for each in neon.get("/projects")["projects"] if each["name"] == "shop")
    branch = next(each["id"] for each in neon.get(f"/projects/{project}/branches")["branches"] if each["name"] == "staging")
    password = neon.get(f"/projects/{project}/branches/{branch}/roles/shop_owner/reveal_password")["password"]
    uri = delivered(state, "staging")["DIRECT_URL"]

    def as_owner(statement: str) -> None:
        with contextlib.closing(psycopg2.connect(uri, user="shop_owner", password=password)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()

    as_owner("ALTER ROLE shop_app SET statement_timeout = 0")
    try:
        with contextlib.closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
        neon.reset_requests()
        second = play(env, "staging")
        requests = neon.requests()
        return OwnTimeout(second, requests, play(env, "staging", check=True, extra_vars=REDECLARED))
    finally:
        as_owner("ALTER ROLE shop_app RESET statement_timeout")


def test_a_second_run_of_staging_changes_nothing_and_makes_few_requests(own_timeout):
    # A check of staging without a change: test_preview.py.
    assert own_timeout.second.succeeded().changed == 0
    few_and_only_reading("staging", own_timeout.requests)


def test_a_second_run_of_production_changes_nothing_and_makes_few_requests(converged):
    neon, env, _state, _runs = converged
    assert play(env, "production", check=True).succeeded().changed == 0
    neon.reset_requests()
    assert play(env, "production").succeeded().changed == 0
    few_and_only_reading("production", neon.requests())


def few_and_only_reading(name: str, requests: list[dict[str, t.Any]]) -> None:
    assert 0 < len(requests) <= REQUESTS[name], [f"{request['method']} {request['path']}" for request in requests]
    assert {request["method"] for request in requests} == {"GET"}


def test_a_diff_says_on_the_line_itself_whose_value_changes(converged):
    _neon, env, state, _runs = converged
    secret = json.loads((state / "secrets" / "shop-staging.json").read_text())["shop_app"]
    elsewhere = {"shop_readonly": "a password that somebody declared"}
    command = [
        ansible_playbook(),
        "site.yml",
        "-i",
        "inventories/staging",
        "--check",
        "--diff",
        "-e",
        json.dumps(SMALLER | {"db_access_passwords": elsewhere}),
    ]
    # As an operator sees it, with Ansible's own three lines around a change.
    shown = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=300, check=False).stdout
    for line in (
        "-    role shop_app, connection_limit: 15",
        "+    role shop_app, connection_limit: 12",
        "-    role shop_readonly, password: (differs)",
        "+    role shop_readonly, password: (as declared)",
        "-lock_timeout = 5s  # database shop",
        "+lock_timeout = 3s  # database shop",
    ):
        assert line in shown.splitlines(), shown
    assert secret not in shown
    assert elsewhere["shop_readonly"] not in shown


def test_a_declared_setting_that_the_applications_sessions_do_not_get_is_warned_of(own_timeout):
    (warning,) = warnings_of_the_timeout(own_timeout.second)
    assert "role shop_app has its own statement_timeout = '0', which goes before the declared '60s' of database shop" in warning
    # Declared for the role, it is what is meant.
    assert warnings_of_the_timeout(own_timeout.redeclared.succeeded()) == []


def warnings_of_the_timeout(run: Run) -> list[str]:
    return [text for task in run.tasks for text in task.result.get("warnings", []) if "statement_timeout" in text]


@pytest.mark.parametrize("kind", ["DATABASE_URL", "DIRECT_URL"])
@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_applications_sessions_have_what_the_level_derives(converged, name, kind):
    _neon, _env, state, _runs = converged
    with contextlib.closing(psycopg2.connect(delivered(state, name)[kind])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name), source FROM pg_catalog.pg_settings WHERE name = ANY(%s)", (list(DERIVED[name]),))
        found = {setting: (value, source) for setting, value, source in cursor.fetchall()}
    assert found == {setting: (value, "database") for setting, value in DERIVED[name].items()}


def test_the_run_says_what_the_level_derives_and_that_the_memory_lasts(converged):
    _neon, _env, _state, runs = converged
    said = runs["production"][2].task("How the server's connections and its memory are shared out").result["msg"]
    (level,) = [line for line in said if line.startswith("The level optimised derives 10 settings of the database: ")]
    assert "work_mem = 5MB" in level
    # Declared, so not the level's.
    assert "idle_in_transaction_session_timeout" not in level
    assert any(line.startswith("Memory, if all work at once: ") and line.endswith(" of 2.0 GB.") for line in said)


def test_a_declared_setting_goes_before_a_derived_one_and_null_leaves_it_out(own_timeout):
    run = own_timeout.redeclared.succeeded()
    task = run.task("Settings of the server, of the database and of roles in it")
    declared = ["set work_mem = 6MB for database shop", "set statement_timeout = 0 for role shop_app in database shop"]
    # What the level had set before and is left out now goes again.
    left_out = ["reset jit for database shop", "remember what db_settings has set"]
    assert task.result["actions"] == [*declared, *left_out]
    assert "jit" not in [setting["name"] for setting in task.result["settings"]]
    assert run.changed == 1


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_proof_says_in_words_what_it_saw(converged, name):
    _neon, _env, _state, runs = converged
    said = "\n".join(runs[name][2].task("What the proof saw").result["msg"])
    for words in ("pooled", "direct", "PostgreSQL 17", "TLSv1.3", "shop_app", str(LIMITS[name])):
        assert words in said, said


def delivered(state: pathlib.Path, name: str) -> dict[str, str]:
    """Read the delivered file the way a shell would."""
    path = state / "delivery" / f"shop-{name}.env"
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {key: value.strip("'\"") for key, _sep, value in lines}


def secret_of(uri: str) -> str:
    return uri.split("://", 1)[1].split("@", 1)[0].split(":", 1)[1]


@pytest.mark.parametrize("kind", ["DATABASE_URL", "DIRECT_URL"])
def test_an_environment_refuses_the_other_ones_password(converged, kind):
    _neon, _env, state, _runs = converged
    staging, production = delivered(state, "staging")[kind], delivered(state, "production")[kind]
    for here, there in ((staging, production), (production, staging)):
        with pytest.raises(psycopg2.OperationalError, match=r"password authentication failed|SASL authentication failed"):
            psycopg2.connect(here.replace(secret_of(here), secret_of(there)))


def test_owners_have_passwords_of_their_own(converged):
    neon, _env, _state, _runs = converged
    projects = [project for project in neon.get("/projects")["projects"] if project["name"] == "shop"]
    assert len(projects) == 1
    branches = {branch["name"]: branch["id"] for branch in neon.get(f"/projects/{projects[0]['id']}/branches")["branches"]}
    assert set(branches) == {"staging", "production"}
    passwords = {
        neon.get(f"/projects/{projects[0]['id']}/branches/{branch}/roles/shop_owner/reveal_password")["password"] for branch in branches.values()
    }
    assert len(passwords) == 2


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_application_role_has_no_privileges_of_the_provider(converged, name):
    _neon, _env, state, _runs = converged
    with contextlib.closing(psycopg2.connect(delivered(state, name)["DIRECT_URL"])) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, pg_has_role('neon_superuser', 'member')"
            " FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False,) * 6


@pytest.mark.parametrize("name", ["staging", "production"])
def test_one_connection_too_many_is_refused_on_the_direct_host(converged, name):
    _neon, _env, state, _runs = converged
    uri = delivered(state, name)["DIRECT_URL"]
    with contextlib.ExitStack() as stack:
        # The limit is the role's: connections that the pooler keeps open for it count as well.
        first = stack.enter_context(contextlib.closing(psycopg2.connect(uri)))
        while held_by_the_application(first) < LIMITS[name]:
            stack.enter_context(contextlib.closing(psycopg2.connect(uri)))
        with pytest.raises(psycopg2.OperationalError, match='too many connections for role "shop_app"'):
            psycopg2.connect(uri)


def held_by_the_application(connection) -> int:
    """Return how many connections the server counts for the application's role."""
    # Inside a transaction pg_stat_activity goes on showing what it showed first.
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = 'shop_app'")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("name", ["staging", "production"])
def test_more_clients_than_the_limit_wait_at_the_pooler(converged, name):
    _neon, _env, state, _runs = converged
    # The limit is reached because nobody ends before it is: every query waits for a lock that the watcher holds until it has counted as many.
    uri = delivered(state, name)["DATABASE_URL"]
    watcher = json.loads((state / "secrets" / f"shop-{name}.json").read_text())["shop_monitoring"]
    clients = LIMITS[name] * 2
    together = threading.Barrier(clients)

    def query(number: int) -> int:
        with contextlib.closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
            together.wait(timeout=60)
            # The declared lock_timeout would end the wait.
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s), %s::int", (GATE, number))
            answer = cursor.fetchone()[1]
            # The pooler drops the server's connection of a client that goes in the middle of a transaction, and waits 15 s for a new one.
            connection.commit()
            return answer

    counted = []
    # Watched by another role: a connection of the application's own would stand in the same queue.
    with contextlib.closing(psycopg2.connect(delivered(state, name)["DIRECT_URL"], user="shop_monitoring", password=watcher)) as watch:
        watch.autocommit = True
        with watch.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(clients) as pool:
            cursor.execute("SELECT pg_advisory_lock(%s)", (GATE,))
            answers = [pool.submit(query, number) for number in range(clients)]
            try:
                until = time.monotonic() + 60
                while max(counted, default=0) < LIMITS[name] and time.monotonic() < until:
                    counted.append(held_by_the_application(watch))
                    time.sleep(0.02)
                # With all connections taken the others wait: nobody has an answer, and nobody was refused.
                assert not [answer for answer in answers if answer.done()]
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
            while not all(answer.done() for answer in answers):
                counted.append(held_by_the_application(watch))
                time.sleep(0.02)
            assert sorted(answer.result() for answer in answers) == list(range(clients))
    assert max(counted) == LIMITS[name]


def test_no_secret_is_printed_or_kept_where_others_can_read_it(converged):
    neon, env, state, runs = converged
    secrets = {env["NEON_API_KEY"]}
    for name in runs:
        secrets |= set(json.loads((state / "secrets" / f"shop-{name}.json").read_text()).values())
    project = next(each["id"] for each in neon.get("/projects")["projects"] if each["name"] == "shop")
    for branch in neon.get(f"/projects/{project}/branches")["branches"]:
        secrets.add(neon.get(f"/projects/{project}/branches/{branch['id']}/roles/shop_owner/reveal_password")["password"])
    assert len(secrets) == 1 + 2 * 3 + 2
    for predicted, _requests, real in runs.values():
        assert not [secret for secret in secrets if secret in predicted.output + real.output]
    for path in state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_inventory_on_another_environments_branch_is_refused_before_anything_is_changed(converged):
    neon, env, _state, _runs = converged
    neon.reset_requests()
    wrong = {
        "neon_branch_name": "production",
        "neon_branch_parent": "",
        "neon_branch_init_source": "",
        # Even an inventory that says it owns the project.
        "neon_project_ownership": "owner",
    }
    run = play(env, "staging", extra_vars=wrong)
    assert run.returncode != 0
    assert "this server belongs to the environment production, not to staging" in run.message
    assert run.changed == 0
    assert {request["method"] for request in neon.requests()} == {"GET"}


@pytest.mark.parametrize("task", ["The project", "Say how the database is reached now", "The roles, their attributes and grants"])
def test_a_run_that_leaves_out_the_preflight_is_refused(converged, task):
    neon, env, _state, _runs = converged
    neon.reset_requests()
    run = play(env, "staging", arguments=["--start-at-task", task], extra_vars={"neon_compute_max_cu": 0.5})
    assert run.changed == 0
    assert neon.requests() == []
    assert run.returncode != 0
    assert "Run site.yml from its beginning" in run.output
