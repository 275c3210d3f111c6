# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""run_lock through real runs of ansible-playbook: a second run is refused, a killed one leaves no lock, and a lost session is told."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import typing as t

import pytest
from integration.postgres_server import OWNER, OWNER_PASSWORD, PostgresServer, running_server
from integration.site_run import CHECKOUT, ansible_playbook, environment

PLAYBOOK = """
- name: A run with a lock
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Take it
      dbinfra.postgres.run_lock: "{{ first }}"
      register: taken
    - name: Take it again
      dbinfra.postgres.run_lock: "{{ second | default(first) }}"
      register: again
    - name: Say so
      ansible.builtin.copy:
        content: "{{ [taken.lock, again.lock] | to_json }}"
        dest: "{{ report }}"
        mode: "0600"
      when: not ansible_check_mode
    - name: Work
      ansible.builtin.wait_for:
        path: "{{ go_on }}"
        timeout: 120
      when: go_on is defined and not ansible_check_mode
    - name: And once more
      dbinfra.postgres.run_lock: "{{ second | default(first) }}"
      when: go_on is defined
"""


class Runs:
    """Starts runs that share a directory of locks, and ends what is left."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.locks = folder / "state" / "locks"
        self._count = 0
        self._processes: list[subprocess.Popen[str]] = []
        (folder / "run.yml").write_text(PLAYBOOK)

    def options(self, **options: t.Any) -> dict[str, t.Any]:
        return {"name": "shop-staging", "path": str(self.locks), **options}

    def start(self, *arguments: str, first: dict[str, t.Any] | None = None, **variables: t.Any) -> tuple[subprocess.Popen[str], pathlib.Path]:
        """Start a run; the returned file appears when it has its lock."""
        self._count += 1
        report = self.folder / f"report-{self._count}"
        values = {"first": first or self.options(), "report": str(report), **variables}
        # Not as an argument: a test looks for the password in every process list entry.
        file = self.folder / f"variables-{self._count}.json"
        file.write_text(json.dumps(values))
        process = subprocess.Popen(
            [ansible_playbook(), "run.yml", "-e", f"@{file}", *arguments],
            cwd=self.folder,
            env=environment({"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.append(process)
        return process, report

    def holding(
        self, first: dict[str, t.Any] | None = None, **variables: t.Any
    ) -> tuple[subprocess.Popen[str], list[dict[str, t.Any]], pathlib.Path]:
        """Start a run that holds its lock and waits for the returned file."""
        go_on = self.folder / f"go-on-{self._count}"
        process, report = self.start(first=first, go_on=str(go_on), **variables)
        eventually(lambda: report.exists() or process.poll() is not None, "the run took no lock")
        assert process.poll() is None, process.communicate()[0]
        return process, json.loads(report.read_text()), go_on

    def finish(self, *arguments: str, **variables: t.Any) -> tuple[int, str]:
        """Run to the end; return code and output."""
        process, _report = self.start(*arguments, **variables)
        output = process.communicate(timeout=120)[0]
        return process.returncode, output

    def end(self) -> None:
        for number in range(self._count + 1):
            # The module of a killed run waits on without its run.
            (self.folder / f"go-on-{number}").touch()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def runs(tmp_path: pathlib.Path) -> t.Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        yield running


def eventually(condition: t.Callable[[], t.Any], what: str) -> None:
    """Wait for something that must happen; the bound only ends a broken test."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def refused(result: tuple[int, str], *words: str) -> str:
    code, output = result
    assert code != 0, output
    assert "Traceback" not in output, output
    flat = " ".join(output.split())
    for word in words:
        assert word in flat, output
    return flat


def sessions(server: PostgresServer) -> list[str]:
    with server.superuser() as cursor:
        cursor.execute("SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted")
        return [row[0] for row in cursor.fetchall()]


def test_a_second_run_is_refused_and_names_the_holder(runs: Runs) -> None:
    first, (taken, again), go_on = runs.holding()
    assert taken == again
    assert taken["held"]
    assert taken["holder"]["pid"] == first.pid, "the run is ansible-playbook's main process"
    assert taken["holder"]["playbook"] == "run.yml"
    refused(
        runs.finish(),
        "another run holds the lock shop-staging",
        f"as process {first.pid}",
        "runs run.yml",
        taken["holder"]["since"],
        taken["holder"]["host"],
    )
    code, output = runs.finish(first=runs.options(name="shop-production"))
    assert code == 0, output
    go_on.touch()
    assert first.wait(120) == 0, first.communicate()[0]
    code, output = runs.finish()
    assert code == 0, output


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_killed_run_leaves_no_lock(runs: Runs, how: signal.Signals) -> None:
    first, _taken, go_on = runs.holding()
    os.kill(first.pid, how)
    if how is signal.SIGINT:
        # An interrupted Ansible may still wait for the module at work, which has a session of its own; the run lasts as long.
        go_on.touch()
    first.wait(60)
    code, output = runs.finish()
    assert code == 0, output


def test_check_mode_takes_nothing_and_is_not_held_up(runs: Runs, server: PostgresServer) -> None:
    predicted = runs.options(login={"exists": False, "login_host": None}, login_password="")
    code, output = runs.finish("--check", first=predicted)
    assert code == 0, output
    assert not runs.locks.exists()
    runs.holding()
    code, output = runs.finish("--check", first=runs.options(login=server.login(), login_password=OWNER_PASSWORD))
    assert code == 0, output
    assert sessions(server) == []


def test_the_server_excludes_runs_from_other_control_nodes(runs: Runs, server: PostgresServer, tmp_path: pathlib.Path) -> None:
    login = {"login": server.login(), "login_password": OWNER_PASSWORD}
    first, (taken, again), _go_on = runs.holding(second=runs.options(**login))
    assert (taken["on_server"], again["on_server"]) == (False, True)
    (name,) = sessions(server)
    assert f":{first.pid} " in name
    # Another directory of locks stands for another control node.
    elsewhere = {"first": {**runs.options(**login), "path": str(tmp_path / "elsewhere")}}
    flat = refused(runs.finish(**elsewhere), "another run holds the lock shop-staging", name, f"PostgreSQL at {OWNER}@localhost:{server.port}/shop")
    assert OWNER_PASSWORD not in flat
    seen = 0
    for entry in pathlib.Path("/proc").iterdir():
        try:
            command, environ = ((entry / file).read_bytes() for file in ("cmdline", "environ"))
        except OSError:
            # No process, or one that has ended meanwhile.
            continue
        # The runs of this test, their workers and their holders.
        if b"holder.py" in command or str(runs.folder).encode() in command:
            seen += 1
            assert OWNER_PASSWORD.encode() not in command + environ, entry
    assert seen >= 3
    first.kill()
    first.wait()
    eventually(lambda: sessions(server) == [], "the session outlived its run")
    code, output = runs.finish(**elsewhere)
    assert code == 0, output


def test_a_lock_that_is_lost_for_a_while_is_told(runs: Runs, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"login": server.login(), "login_password": OWNER_PASSWORD}
    first, _taken, go_on = runs.holding(second=runs.options(**login))
    (before,) = sessions(server)
    (file,) = [path for path in runs.locks.iterdir() if path.name != "shop-staging.lock"]
    with server.superuser() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (before,))
    eventually(lambda: "taken again" in file.read_text(), "the lock was not taken again")
    assert sessions(server) == [before]
    go_on.touch()
    output = first.communicate(timeout=120)[0]
    assert first.returncode == 0, output
    assert "was free for a while" in " ".join(output.split())


def test_a_lock_that_another_run_took_meanwhile_fails_the_next_task(runs: Runs, server: PostgresServer, tmp_path: pathlib.Path) -> None:
    login = {"login": server.login(), "login_password": OWNER_PASSWORD}
    first, _taken, go_on = runs.holding(second=runs.options(**login))
    (before,) = sessions(server)
    (file,) = [path for path in runs.locks.iterdir() if path.name != "shop-staging.lock"]
    with server.superuser() as cursor, server.superuser("shop") as thief:
        thief.execute("SET application_name = 'somebody else'")
        thief.execute("SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory'")
        (key,) = thief.fetchone()
        # It waits in the server's queue, hence it is faster than any new session.
        stealing = threading.Thread(target=thief.execute, args=("SELECT pg_advisory_lock(%s)", (key,)))
        stealing.start()
        eventually(lambda: _waiting(cursor), "nobody waits for the lock")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (before,))
        stealing.join()
        eventually(lambda: '"session": "lost"' in file.read_text(), "the loss was not noticed")
        go_on.touch()
        output = first.communicate(timeout=120)[0]
    refused((first.returncode, output), "this run does not hold the lock shop-staging", "somebody else has taken it in the meantime")


def _waiting(cursor: t.Any) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return cursor.fetchone()[0] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login_password": "wrong"}, "the password of shop_owner was not accepted"),
        ({"login": {"login_port": 1}}, "the server cannot be reached"),
        ({"login": {"login_host": "ep-one-pooler.eu.neon.tech"}}, "is a pooler"),
        ({"login": {"exists": False}}, "only a prediction"),
        ({"timeout": 0}, "at least one second"),
        ({"name": ""}, "the name of the lock is empty"),
        ({"path": ""}, "is not the path of a file"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_cannot_work_is_one_clear_message(runs: Runs, server: PostgresServer, changes: dict[str, t.Any], words: str) -> None:
    login = server.login(**changes.pop("login", {}))
    flat = refused(runs.finish(first=runs.options(**{"login": login, "login_password": OWNER_PASSWORD, **changes})), words)
    assert "defect" not in flat
    assert OWNER_PASSWORD not in flat
    assert sessions(server) == []
