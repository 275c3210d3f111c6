# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local Neon as a process: its commands, what it survives, and that nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from emulators.fixtures import LocalNeon, emulator_environment, neon_command, running_neon
from emulators.framework.instance import processes_using


@pytest.fixture
def folder(tmp_path):
    """A folder for an instance that the test starts and ends itself."""
    yield tmp_path / "instance"
    neon_command("stop", "--dir", str(tmp_path / "instance"))


def started(folder: Path, *options: str) -> tuple[LocalNeon, dict]:
    """Start an instance: the client for it, and its record."""
    neon_command("start", "--dir", str(folder), *options)
    env = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    return LocalNeon(folder, env), json.loads((folder / "instance.json").read_text())


def new_project(neon: LocalNeon) -> tuple[dict, str]:
    """A project: the create answer and its connection string."""
    created = neon.post("/projects", {"project": {"name": "p"}})
    return created, created["connection_uris"][0]["connection_uri"]


def one(neon: LocalNeon, uri: str) -> int:
    """Select 1 over a connection of its own."""
    connection = psycopg2.connect(uri, sslmode="verify-full", sslrootcert=neon.ca_file, connect_timeout=30)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return cursor.fetchone()[0]
    finally:
        connection.close()


def servers(runtime_dir: str, program: str) -> list[int]:
    """Ids of the running ``program``s of an instance."""
    found = []
    for pid in processes_using(Path(runtime_dir)):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except FileNotFoundError:
            continue
        if name == program:
            found.append(pid)
    return found


def assert_no_trace(folder: Path, record: dict) -> None:
    assert not folder.exists()
    assert not Path(record["runtime_dir"]).exists()
    assert processes_using(Path(record["runtime_dir"])) == []


def test_start_status_stop(folder):
    assert neon_command("status", "--dir", str(folder), check=False).returncode == 3
    neon, record = started(folder)
    env_file = folder / "env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert list(neon.env) == ["NEON_API_HOST", "NEON_API_KEY", "PGSSLROOTCERT"]
    assert neon.api_host == f"http://127.0.0.1:{record['port']}/api/v2"
    assert neon.api_host in neon_command("status", "--dir", str(folder)).stdout
    again = neon_command("start", "--dir", str(folder))
    assert "runs already" in again.stdout
    assert json.loads((folder / "instance.json").read_text()) == record
    new_project(neon)
    neon_command("stop", "--dir", str(folder))
    assert_no_trace(folder, record)
    assert "was not running" in neon_command("stop", "--dir", str(folder)).stdout


def test_the_key_is_in_no_process_list(folder):
    neon, record = started(folder)
    _created, uri = new_project(neon)
    password = uri.split(":")[2].split("@")[0]
    for pid in [record["pid"], *processes_using(Path(record["runtime_dir"]))]:
        for name in ("cmdline", "environ"):
            text = Path(f"/proc/{pid}/{name}").read_bytes()
            assert neon.api_key.encode() not in text
            assert password.encode() not in text
    log = (folder / "log").read_text()
    assert neon.api_key not in log
    assert password not in log


def test_two_instances_do_not_meet(folder, tmp_path):
    _first, first_record = started(folder)
    with running_neon() as second:
        assert second.api_host != f"http://127.0.0.1:{first_record['port']}/api/v2"
        _created, uri = new_project(second)
        assert one(second, uri) == 1


def test_a_killed_server_comes_back_with_the_next_connection(folder):
    neon, record = started(folder)
    _created, uri = new_project(neon)
    assert one(neon, uri) == 1
    for program in ("postgres", "pgbouncer"):
        victims = servers(record["runtime_dir"], program)
        assert victims
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # a backend that ended with its postmaster
                assert program == "postgres"
        assert one(neon, uri) == 1
        assert one(neon, uri.replace(".local", "-pooler.local", 1).replace("&channel_binding=require", "")) == 1
    assert neon.take_violations() == []


def test_a_killed_server_comes_back_with_the_next_api_call(folder):
    neon, record = started(folder)
    created, _uri = new_project(neon)
    for pid in servers(record["runtime_dir"], "postgres"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # a backend that ended with its postmaster
            continue
    branch = f"/projects/{created['project']['id']}/branches/{created['branch']['id']}"
    neon.post(f"{branch}/roles", {"role": {"name": "after"}})
    uri = neon.get(f"/projects/{created['project']['id']}/connection_uri?database_name=neondb&role_name=after")["uri"]
    assert one(neon, uri) == 1
    assert neon.take_violations() == []


@pytest.mark.parametrize("command", ["stop", "start"])
def test_a_killed_emulator_takes_its_servers_along(folder, command):
    neon, record = started(folder)
    new_project(neon)
    assert servers(record["runtime_dir"], "postgres")
    os.kill(record["pid"], signal.SIGKILL)
    while processes_using(Path(record["runtime_dir"])):  # nobody but the kernel ends them here
        time.sleep(0.05)
    assert Path(record["runtime_dir"]).exists()
    neon_command(command, "--dir", str(folder))
    assert not Path(record["runtime_dir"]).exists()
    if command == "start":
        neon_command("stop", "--dir", str(folder))
    assert_no_trace(folder, record)


def test_it_ends_with_the_process_it_was_told_to(folder):
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    neon, record = started(folder, "--end-with", str(owner.pid))
    new_project(neon)
    owner.kill()
    owner.wait()
    while (folder / "instance.json").exists():
        time.sleep(0.05)
    assert not Path(record["runtime_dir"]).exists()
    assert processes_using(Path(record["runtime_dir"])) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_at_work(folder, number):
    command = [sys.executable, "-m", "emulators.neon", "serve", "--state-dir", str(folder)]
    process = subprocess.Popen(command, env=emulator_environment(), stderr=subprocess.PIPE, text=True)
    while not (folder / "env").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    record = json.loads((folder / "instance.json").read_text())
    env = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    neon = LocalNeon(folder, env)
    created, _uri = new_project(neon)
    neon.call("POST", f"/projects/{created['project']['id']}/branches", {"branch": {"name": "b"}, "endpoints": [{"type": "read_write"}]})
    process.send_signal(number)
    _output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert not Path(record["runtime_dir"]).exists()
    assert processes_using(Path(record["runtime_dir"])) == []
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_an_idle_compute_is_suspended_and_wakes_again(folder):
    neon, _record = started(folder)
    created, uri = new_project(neon)
    endpoint = f"/projects/{created['project']['id']}/endpoints/{created['endpoints'][0]['id']}"
    assert one(neon, uri) == 1
    neon.advance_clock(299)
    assert neon.get(endpoint)["endpoint"]["current_state"] == "active"
    while neon.get(endpoint)["endpoint"]["current_state"] != "idle":
        neon.advance_clock(60)  # again and again: the proxy may have noticed only after the first that the client left
        time.sleep(0.1)
    assert one(neon, uri) == 1
    assert neon.get(endpoint)["endpoint"]["current_state"] == "active"


def test_a_compute_in_use_or_told_never_is_not_suspended(folder):
    neon, _record = started(folder)
    used, used_uri = new_project(neon)
    never, _never_uri = new_project(neon)
    idle, _idle_uri = new_project(neon)
    paths = [f"/projects/{made['project']['id']}/endpoints/{made['endpoints'][0]['id']}" for made in (used, never, idle)]
    neon.change("PATCH", paths[1], {"endpoint": {"suspend_timeout_seconds": -1}})
    connection = psycopg2.connect(used_uri, sslmode="verify-full", sslrootcert=neon.ca_file)
    neon.advance_clock(700_000)
    while neon.get(paths[2])["endpoint"]["current_state"] != "idle":  # the loop has been round
        time.sleep(0.1)
    assert [neon.get(path)["endpoint"]["current_state"] for path in paths] == ["active", "active", "idle"]
    connection.close()


def run_with(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulators.neon", "start", "--dir", str(folder)]
    return subprocess.run(command, env={**emulator_environment(), **variables}, capture_output=True, text=True, timeout=60, check=False)


def test_missing_binaries_are_one_line(folder, tmp_path):
    done = run_with(folder, DBINFRA_POSTGRES_HOME_17=str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "DBINFRA_POSTGRES_HOME_17" in done.stderr
    assert not folder.exists()


def test_a_substituted_major_version_is_refused(folder, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("initdb", "pg_ctl", "postgres"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.9'\n")
        (tmp_path / "bin" / name).chmod(0o755)
    done = run_with(folder, DBINFRA_POSTGRES_HOME_17=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"emulators.neon: {tmp_path} holds PostgreSQL 15, but 17 is declared; set DBINFRA_POSTGRES_HOME_17 to a folder with PostgreSQL 17"
    ]
    assert not folder.exists()


def test_without_the_contract_it_serves_and_says_so(folder, tmp_path):
    done = run_with(folder, DBINFRA_CONTRACTS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"skipped: contract file not found: {tmp_path}/neon-openapi.json" in done.stdout
    env = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    neon = LocalNeon(folder, env)
    assert neon.validation()["validation"] == "skipped"
    assert neon.call("POST", "/projects", {"project": {"name": 7}}).status == 400
    assert neon.call("POST", "/projects", {"projekt": {}}).status == 400


def test_a_port_in_use_is_one_line(folder):
    neon, record = started(folder)
    other = folder.with_name("other")
    done = neon_command("start", "--dir", str(other), "--port", str(record["port"]), check=False)
    assert done.returncode == 1
    assert f"port {record['port']}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not other.exists()
    assert neon.get("/projects")["projects"] == []


def test_deviations_are_printed_without_an_instance():
    printed = json.loads(neon_command("deviations").stdout)
    assert printed["contract"] == "neon-openapi.json"
    assert printed["version"]
    assert "pooled-channel-binding" in [item["id"] for item in printed["deviations"]]
