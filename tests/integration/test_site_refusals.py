# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input and bad surroundings: one clear message, no traceback, nothing changed."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import threading
import time

import psycopg2
import pytest
from integration.site_run import CHECKOUT, ansible_playbook, environment, play

# As the inventories declare it.
WINDOW = {"weekdays": [7], "start_time": "02:00", "end_time": "04:00"}


@pytest.fixture(scope="module")
def account(local_neon):
    """The local Neon with two projects that share a name; nothing else is in it."""
    for _number in range(2):
        fields = {"name": "twins", "pg_version": 17, "region_id": "aws-eu-central-1", "settings": {"maintenance_window": WINDOW}}
        local_neon.post("/projects", {"project": fields})
    return local_neon


@pytest.fixture
def env(account, tmp_path):
    account.reset_requests()
    return environment(account.env, {"DBINFRA_STATE_DIR": str(tmp_path / "state")})


def refused(account, run, *words: str) -> str:
    """Assert that the run failed with one message with these words, without a traceback and without a change."""
    assert run.returncode != 0
    message = run.message
    for word in words:
        assert word in message, message
    assert "Traceback" not in run.output, run.output
    assert {request["method"] for request in account.requests()} <= {"GET"}
    assert run.changed == 0
    return message


def test_no_key(account, env):
    refused(account, play({**env, "NEON_API_KEY": ""}, "production"), "neon_api_key", "NEON_API_KEY")


def test_a_wrong_key(account, env):
    message = refused(account, play({**env, "NEON_API_KEY": "not-the-key"}, "production"), "key")
    assert "not-the-key" not in message


# On loopback the client ignores the environment anyway; tests/unit/.../_neon/test_transport.py shows the same for other hosts.
def test_a_netrc_does_not_replace_the_key(account, env, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    # A name that two projects have is only found out by asking, with the right key.
    run = play({**env, "HOME": str(home), "NETRC": str(netrc)}, "production", extra_vars={"neon_project_name": "twins"})
    refused(account, run, "twins", "neon_project_id")


def test_an_ambiguous_project_name(account, env):
    message = refused(account, play(env, "production", extra_vars={"neon_project_name": "twins"}), "twins", "neon_project_id")
    ids = [project["id"] for project in account.get("/projects?limit=400")["projects"] if project["name"] == "twins"]
    assert len(ids) == 2
    assert all(each in message for each in ids)


def test_an_unknown_parent(account, env):
    refused(account, play(env, "staging", extra_vars={"neon_branch_parent": "prodution"}), "neon_branch_parent", "prodution", "production")
    assert account.requests() == []


def test_an_unknown_parent_in_a_pinned_project(account, env):
    project = next(each["id"] for each in account.get("/projects?limit=400")["projects"] if each["name"] == "twins")
    extra = {"neon_project_name": "twins", "neon_project_id": project, "neon_branch_parent": "prodution", "neon_history_retention_seconds": 86400}
    refused(account, play(env, "staging", extra_vars=extra), "prodution", "neon_branch_parent")


def test_a_pool_minimum_above_the_maximum(account, env):
    refused(account, play(env, "production", extra_vars={"db_pool_min": 21}), "db_pool_min", "21", "db_pool_max", "20")
    assert account.requests() == []


def test_a_project_name_that_neon_does_not_take(account, env):
    refused(account, play(env, "production", extra_vars={"neon_project_name": "x" * 300}), "neon_project_name", "300 characters", "256")
    assert account.requests() == []


def test_a_relative_state_directory_is_said_once(account, env):
    message = refused(account, play({**env, "DBINFRA_STATE_DIR": "state"}, "production"), "db_state_dir", "relative")
    assert len(message.splitlines()) == 2, message
    assert account.requests() == []


@pytest.mark.parametrize("arguments", [["--tags", "foo"], ["--tags", "always"], ["--skip-tags", "untagged"], ["--skip-tags", "all"]])
def test_a_run_that_tags_take_apart_is_refused(account, env, arguments):
    refused(account, play(env, "staging", arguments=arguments), "Run site.yml from its beginning, without --start-at-task, --tags and --skip-tags")
    assert account.requests() == []


@pytest.mark.parametrize(
    ("arguments", "whole"), [(["--tags", "databases"], True), (["--skip-tags", "other"], True), (["--skip-tags", "databases"], False)]
)
def test_a_playbook_may_tag_the_site_as_a_whole(account, env, tmp_path, arguments, whole):
    playbook = tmp_path / "all.yml"
    playbook.write_text("- name: Databases\n  ansible.builtin.import_playbook: dbinfra.postgres.site\n  tags: [databases]\n")
    env = {**env, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
    # A declaration that the preflight refuses: it is refused if, and only if, the preflight takes part.
    run = play(env, "staging", playbook=str(playbook), arguments=arguments, extra_vars={"db_pool_min": 21})
    if whole:
        refused(account, run, "db_pool_min")
        return
    run.succeeded()
    assert [task.name for task in run.tasks if "dbinfra.postgres." in task.name] == []
    assert account.requests() == []


def test_a_compute_too_small_for_the_pool(account, env):
    extra = {"db_pool_max": 400, "neon_compute_min_cu": 0.25, "neon_compute_max_cu": 0.25}
    refused(account, play(env, "production", extra_vars=extra), "db_pool_max", "400", "neon_compute_max_cu")
    assert account.requests() == []


def test_everything_that_is_wrong_is_said_at_once(account, env):
    extra = {"db_pool_min": 21, "neon_compute_min_cu": 4, "db_tls_mode": "prefer", "db_poool_max": 3}
    refused(account, play(env, "production", extra_vars=extra), "db_pool_min", "neon_compute_min_cu", "db_tls_mode", "prefer", "db_poool_max")


@pytest.mark.parametrize("check", [True, False])
def test_wrong_settings_are_refused_before_there_is_a_server(account, env, check):
    database = {"statement_timeout": "abc", "max_connections": 100, "no_such_setting": 1, "lock_timeout": "5s"}
    extra = {"db_settings_database": database, "db_settings_roles": {"shop_readonly": {"work_mem": "1gb", "jit": "perhaps"}}}
    message = refused(account, play(env, "staging", check=check, extra_vars=extra), "5 things are wrong")
    for words in (
        'db_settings_database = {"statement_timeout": "abc"}',
        'db_settings_database = {"max_connections": 100}',
        'db_settings_database = {"no_such_setting": 1}',
        'db_settings_roles = {"shop_readonly": {"work_mem": "1gb"}}',
        'db_settings_roles = {"shop_readonly": {"jit": "perhaps"}}',
    ):
        assert words in message
    assert "lock_timeout" not in message
    assert account.requests() == []


def test_a_password_with_a_null_character(account, env):
    extra = {"db_access_passwords": {"shop_app": "hunter2\0hunter2"}}
    message = refused(account, play(env, "staging", extra_vars=extra), "db_access_passwords", "shop_app", "null character")
    assert "hunter2" not in message
    assert account.requests() == []


def test_an_unreachable_host(account, env):
    run = play({**env, "NEON_API_HOST": "http://127.0.0.1:9/api/v2"}, "production", extra_vars={"neon_api_timeout": 3})
    refused(account, run, "127.0.0.1:9")


@pytest.fixture
def proxy_with_a_login_page():
    """Something that answers 200 with HTML to everything, as a captive portal does."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html><title>Please log in</title></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v2"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_that_is_not_json(account, env, proxy_with_a_login_page):
    run = play({**env, "NEON_API_HOST": proxy_with_a_login_page}, "production", extra_vars={"neon_api_timeout": 10})
    refused(account, run, "JSON", "NEON_API_HOST")


def test_two_inventories_in_one_run(account, env):
    run = play(env, "staging", "production")
    assert run.returncode != 0
    failed = [task for task in run.tasks if task.failed]
    assert failed
    for task in failed:
        assert "staging" in task.result["msg"]
        assert "production" in task.result["msg"]
    assert "Traceback" not in run.output
    assert account.requests() == []


def test_an_inventory_without_an_environment(account, env, tmp_path):
    empty = tmp_path / "empty.yml"
    empty.write_text("all: {}\n")
    run = play(env, arguments=["-i", str(empty)])
    assert run.returncode != 0
    assert "environments" in run.message


def test_two_runs_at_once(account, env):
    slow = {**env, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    account.faults({"method": "GET", "path_regex": "/projects$", "times": 1000, "status": 503})
    first = subprocess.Popen(
        [ansible_playbook(), "site.yml", "-i", "inventories/production"],
        cwd=CHECKOUT, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not account.requests() and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert account.requests(), "the first run never reached the API"
        run = play(env, "production")
        refused(account, run, "shop-production", str(first.pid))
    finally:
        first.kill()
        first.wait()
        account.faults()
    # The lock went with its run: the next one gets as far as asking Neon.
    refused(account, play({**env, "NEON_API_KEY": "not-the-key"}, "production"), "key")


@pytest.fixture(scope="module")
def converged(account, tmp_path_factory):
    """The variables of a control node that has made staging."""
    env = environment(account.env, {"DBINFRA_STATE_DIR": str(tmp_path_factory.mktemp("state"))})
    play(env, "staging").succeeded()
    return env


def test_a_run_from_another_control_node_is_refused_before_it_changes_anything(account, converged, tmp_path):
    env = converged
    account.reset_requests()
    first = subprocess.Popen(
        [ansible_playbook(), "site.yml", "-i", "inventories/staging"],
        cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        # Two passwords are revealed to compare the owners', the third for the lock, the fourth for what comes after it.
        while sum(request["template"].endswith("/reveal_password") for request in account.requests()) < 4 and first.poll() is None:
            time.sleep(0.02)
        assert first.poll() is None, "the first run ended before it could be stopped"
        os.killpg(first.pid, signal.SIGSTOP)
        account.reset_requests()
        elsewhere = {**env, "DBINFRA_STATE_DIR": str(tmp_path / "elsewhere")}
        run = play(elsewhere, "staging", extra_vars={"neon_suspend_timeout_seconds": 600})
        refused(account, run, "shop-staging", str(first.pid))
        assert account.requests()
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    # The lock went with its run. That the next run gets it and converges: test_site_killed.py, and the last run of the test below.


def test_an_owners_password_that_was_changed_in_sql_is_repaired_by_a_reset(account, converged):
    project = next(each["id"] for each in account.get("/projects?limit=400")["projects"] if each["name"] == "shop")
    branch = next(each["id"] for each in account.get(f"/projects/{project}/branches")["branches"] if each["name"] == "staging")
    role = f"/projects/{project}/branches/{branch}/roles/shop_owner"
    uri = account.get(f"/projects/{project}/connection_uri?branch_id={branch}&role_name=shop_owner&database_name=shop")["uri"]
    with contextlib.closing(psycopg2.connect(uri)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE shop_owner PASSWORD 'changed in SQL'")
    account.reset_requests()
    refused(
        account,
        play(converged, "staging"),
        "the password of shop_owner was not accepted",
        "changed it in SQL",
        "Neon console",
        "reset_password",
    )
    # The remedy that the message names.
    account.post(f"{role}/reset_password", {})
    run = play(converged, "staging").succeeded()
    assert run.changed == 0
