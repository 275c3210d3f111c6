# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what a run costs when nothing changes, as seconds and as ratios on this machine.

Run by `make bench`, which starts the local Neon and exports what its clients need. It fails if something that is measured does not
work (a run that changes something is no no-change run), never because of a time.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT / "tests" / "integration")]

from postgres_server import SUPERUSER_PASSWORD, running_server  # noqa: E402  (needs the path above)

from emulators.fixtures import running_neon  # noqa: E402

ROUNDS = 3
PLAYBOOK = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
# Sixty settings that every major knows and that need no restart, at their own defaults: the server behaves the same, whoever sets them.
SETTINGS = {
    "archive_timeout": "0",
    "authentication_timeout": "1min",
    "autovacuum_analyze_scale_factor": "0.1",
    "autovacuum_analyze_threshold": "50",
    "autovacuum_naptime": "1min",
    "autovacuum_vacuum_cost_delay": "2ms",
    "autovacuum_vacuum_insert_scale_factor": "0.2",
    "autovacuum_vacuum_insert_threshold": "1000",
    "autovacuum_vacuum_scale_factor": "0.2",
    "autovacuum_vacuum_threshold": "50",
    "backend_flush_after": "0",
    "bgwriter_delay": "200ms",
    "bgwriter_lru_maxpages": "100",
    "bgwriter_lru_multiplier": "2",
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "5min",
    "checkpoint_warning": "30s",
    "client_connection_check_interval": "0",
    "commit_delay": "0",
    "commit_siblings": "5",
    "constraint_exclusion": "partition",
    "cpu_index_tuple_cost": "0.005",
    "cpu_operator_cost": "0.0025",
    "cpu_tuple_cost": "0.01",
    "cursor_tuple_fraction": "0.1",
    "deadlock_timeout": "1s",
    "default_statistics_target": "100",
    "effective_cache_size": "4GB",
    "enable_hashjoin": "on",
    "enable_mergejoin": "on",
    "from_collapse_limit": "8",
    "geqo_threshold": "12",
    "gin_pending_list_limit": "4MB",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "join_collapse_limit": "8",
    "jit_above_cost": "100000",
    "lock_timeout": "0",
    "log_lock_waits": "off",
    "log_min_duration_statement": "-1",
    "log_temp_files": "-1",
    "logical_decoding_work_mem": "64MB",
    "maintenance_work_mem": "64MB",
    "max_parallel_maintenance_workers": "2",
    "max_parallel_workers": "8",
    "max_parallel_workers_per_gather": "2",
    "max_wal_size": "1GB",
    "min_parallel_index_scan_size": "512kB",
    "min_parallel_table_scan_size": "8MB",
    "min_wal_size": "80MB",
    "parallel_setup_cost": "1000",
    "parallel_tuple_cost": "0.1",
    "random_page_cost": "4",
    "seq_page_cost": "1",
    "statement_timeout": "0",
    "temp_buffers": "8MB",
    "vacuum_cost_limit": "200",
    "wal_writer_delay": "200ms",
    "wal_writer_flush_after": "1MB",
    "work_mem": "4MB",
}


def run(arguments: list[str], *, changed: int | None = 0) -> float:
    """Run ansible-playbook and return its seconds.

    :param changed: the number of changed tasks that the run must report; None for any.
    """
    environ = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
    began = time.monotonic()
    ended = subprocess.run([PLAYBOOK, *arguments], cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if ended.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{ended.stdout[-4000:]}{ended.stderr[-2000:]}")
    stats = json.loads(ended.stdout[ended.stdout.index("{") :])["stats"]
    if changed is not None and sum(host["changed"] for host in stats.values()) != changed:
        sys.exit(f"{' '.join(arguments)} should have changed {changed}: {stats}")
    return seconds


def median(arguments: list[str]) -> float:
    """Return the median seconds of some no-change runs."""
    return statistics.median(run(arguments) for _round in range(ROUNDS))


def settings_plays(folder: pathlib.Path, login: dict[str, object], password: str) -> dict[str, str]:
    """Write both plays for the same settings and return their paths: one task with all of them, and a loop with one item each."""
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": {"ansible_python_interpreter": sys.executable}}
    batch = {
        "name": "All settings in one task",
        "dbinfra.postgres.pg_setting": {
            "login": login,
            "login_password": password,
            "settings": [{"name": name, "value": value} for name, value in SETTINGS.items()],
        },
    }
    loop = {
        "name": "One setting per item",
        "community.postgresql.postgresql_alter_system": {
            "param": "{{ item.name }}",
            "value": "{{ item.value }}",
            "login_host": login["login_host"],
            "login_port": login["login_port"],
            "login_user": login["login_user"],
            "login_password": password,
            "login_db": login["login_db"],
            "ssl_mode": "verify-full",
            "ca_cert": login["ca_cert"],
        },
        "loop": [{"name": name, "value": value} for name, value in SETTINGS.items()],
        "loop_control": {"label": "{{ item.name }}"},
    }
    paths = {}
    for name, task in (("batch", batch), ("loop", loop)):
        path = folder / f"{name}.yml"
        path.write_text(json.dumps([{"name": f"Settings, {name}", **local, "tasks": [task]}]), encoding="utf-8")
        path.chmod(0o600)
        paths[name] = str(path)
    return paths


def local_neon() -> tuple[float, float]:
    """Return the median seconds of the local Neon's start, and of a branch with a compute of a cluster that holds one small database."""
    starts, branches = [], []
    for number in range(ROUNDS):
        began = time.monotonic()
        with running_neon() as neon:
            starts.append(time.monotonic() - began)
            project = neon.post("/projects", {"project": {"name": f"bench-{number}", "pg_version": 17}})
            request = {"branch": {"name": "copy", "parent_id": project["branch"]["id"]}, "endpoints": [{"type": "read_write"}]}
            began = time.monotonic()
            neon.post(f"/projects/{project['project']['id']}/branches", request)
            branches.append(time.monotonic() - began)
    return statistics.median(starts), statistics.median(branches)


def main() -> None:
    """Print one line per figure."""
    # A terminated run ends its servers like an interrupted one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start, branch = local_neon()
    print(f"the local Neon's start                   {start:6.2f} s")
    print(f"a branch of a small cluster, with compute{branch:6.2f} s", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ping = folder / "ping.yml"
        ping.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]), encoding="utf-8")
        floor = median([str(ping)])
        print(f"a play with one ping                     {floor:6.2f} s", flush=True)

        for environment in ("staging", "production"):
            site = ["site.yml", "-i", f"inventories/{environment}"]
            first = run(site, changed=None)
            again = median(site)
            print(f"site.yml, {environment:<10} from nothing        {first:6.2f} s", flush=True)
            print(f"site.yml, {environment:<10} no change           {again:6.2f} s, {again / floor:4.1f} x one ping", flush=True)

        settings(folder, floor)


def settings(folder: pathlib.Path, ping: float) -> None:
    """Print what settings cost: one task with all of them, and what a user would use instead.

    :param ping: seconds of a play with one ping: the start of Ansible and of one module, which both sides have at least once.
    """
    with running_server() as server:
        began = time.monotonic()
        with server.superuser() as cursor:
            cursor.execute("SELECT 1")
        connection = time.monotonic() - began
        login = server.login("postgres", provider="self_hosted", login_user="cloud_admin")
        plays = settings_plays(folder, login, SUPERUSER_PASSWORD)
        first = run([plays["batch"]], changed=1)
        print(f"pg_setting, first apply of {len(SETTINGS)}            {first:6.2f} s", flush=True)
        # The loop writes the settings in its own notation once; from then on neither side has anything to do.
        run([plays["loop"]], changed=None)
        batch, loop = median([plays["batch"]]), median([plays["loop"]])
    net = (loop - ping) / (batch - ping)
    print(f"pg_setting, {len(SETTINGS)} settings, no change        {batch:6.2f} s, {batch / (ping + connection):4.1f} x one ping and one connection")
    print(
        f"postgresql_alter_system, a loop of {len(SETTINGS)}     {loop:6.2f} s, {loop / batch:4.1f} x one task; {net:.0f} x net of start-up (one ping)"
    )


if __name__ == "__main__":
    main()
