# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our verdict on a server's next start against that of real servers: what we refuse does not start, what we let pass does.

The module is asked in check mode and in a run, while the server runs with what is configured already; then the server is stopped,
and started with the same values in its files. A sample asks for every third case, for others on each version.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import signal
import subprocess
import sys
import time
import typing as t

import psycopg2
import pytest
from hypothesis import settings as hypothesis_settings

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_start_rules import ON_STANDBYS, START_RULES, StartRule
from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import SUPERUSER_PASSWORD, PostgresServer, postgres_home, running_server
from starts import STARTS, Start
from tls_files import put_tls_files

STEP = 1 if hypothesis_settings.get_current_profile_name() == "thorough" else 3

#: How long a server may take to start or to refuse, in seconds.
PATIENCE = 60.0

_WORDS = re.compile(r"it says: (.+?) \(\w+ (?:in|and) [^)]*\.c")


@dataclasses.dataclass
class Verdict:
    """What we said of a start: the message of the refusal, None if there was none, and the warnings."""

    refusal: str | None
    warnings: list[str]


@pytest.fixture(scope="module")
def starting(major: int) -> t.Iterator[PostgresServer]:
    try:
        postgres_home(major)
    except AssertionError:
        pytest.skip(f"PostgreSQL {major} is NOT tested: its server programs are not there (scripts/postgres_versions.sh fetches them)")
    settings = {"shared_buffers": "16MB", "wal_level": "logical", "max_prepared_transactions": "2"}
    with running_server(major, settings=settings) as running:
        put_tls_files(running)
        yield running


def auto_file(server: PostgresServer) -> pathlib.Path:
    return server.folder / "data" / "postgresql.auto.conf"


def line(name: str, value: t.Any) -> str:
    if isinstance(value, bool):
        value = "on" if value else "off"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f"{name} = '{text}'\n"


def ask(server: PostgresServer, declared: t.Mapping[str, t.Any], check: bool = True) -> Verdict:
    settings = [{"name": name, "state": "absent"} if value is None else {"name": name, "value": value} for name, value in declared.items()]
    login = server.login(login_user="cloud_admin", provider="self_hosted")
    result = run_module(pg_setting, {"login": login, "login_password": SUPERUSER_PASSWORD, "settings": settings}, check=check)
    assert "defect" not in result.get("msg", ""), result["msg"]
    return Verdict(result["msg"] if result.get("failed") else None, result["warnings"])


def start(server: PostgresServer) -> str | None:
    """Start a stopped server with the files as they are, and end it; return its log if it refuses."""
    log = server.folder / "start.log"
    with log.open("wb") as output:
        arguments = server.as_user([str(server.home / "bin" / "postgres"), "-D", str(server.folder / "data")])
        process = subprocess.Popen(arguments, stdout=output, stderr=output, start_new_session=True, cwd="/")
    deadline = time.monotonic() + PATIENCE
    try:
        while process.poll() is None:
            if "ready to accept" in log.read_text(encoding="utf-8", errors="replace"):
                return None
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
            time.sleep(0.01)
        return log.read_text(encoding="utf-8", errors="replace")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)


def bare(text: str) -> str:
    """Return a text without the quotes that the server has put around names since 17."""
    return text.replace('"', "")


def compared(case: Start, verdict: Verdict, log: str | None) -> str | None:
    """Return how we and the server differ, None if we do not."""
    if (verdict.refusal is None) is not case.starts:
        return f"{case}: we say {verdict.refusal}"
    if (log is None) is not case.starts:
        return f"{case}: the server says {log}"
    if log is not None and verdict.refusal is not None:
        said = _WORDS.findall(verdict.refusal)
        if not any(bare(words) in bare(log) for words in said):
            return f"{case}: we let the server say {said}, it says {log}"
        if not any(f"{name} = " in verdict.refusal for name in case.declared):
            return f"{case}: no declared setting is named in {verdict.refusal}"
    return None


def test_what_we_refuse_does_not_start_and_what_we_take_does(starting: PostgresServer, major: int) -> None:
    cases = [case for case in STARTS if case.first <= major <= case.last][major % STEP :: STEP]
    before = auto_file(starting).read_text(encoding="utf-8")
    verdicts: list[Verdict] = []
    for case in cases:
        configured = "".join(line(name, value) for name, value in case.configured.items())
        # A look at the files shows it at once, without a reload.
        auto_file(starting).write_text(before + configured, encoding="utf-8")
        verdict = ask(starting, case.declared)
        if verdict.refusal is not None:
            assert ask(starting, case.declared, check=False).refusal == verdict.refusal, "a run says something else than its check"
        verdicts.append(verdict)
        assert auto_file(starting).read_text(encoding="utf-8") == before + configured, f"{case}: something was written"
    starting.stop()
    found: list[str] = []
    for case, verdict in zip(cases, verdicts, strict=True):
        values = {name: value for name, value in {**case.configured, **case.declared}.items() if value is not None and value != []}
        auto_file(starting).write_text(before + "".join(line(name, value) for name, value in values.items()), encoding="utf-8")
        text = compared(case, verdict, start(starting))
        found += [text] if text else []
    auto_file(starting).write_text(before, encoding="utf-8")
    starting.run()
    assert not found, f"{len(found)} of {len(cases)} on PostgreSQL {major}:\n" + "\n".join(found)


def test_what_a_server_keeps_must_have_room(starting: PostgresServer, major: int) -> None:
    """Slots and prepared transactions outlive a restart, so a server without room for them does not come back."""
    with starting.superuser("shop") as cursor:
        cursor.execute("SELECT pg_create_physical_replication_slot('standby_one')")
        cursor.execute("SELECT pg_create_logical_replication_slot('feed_one', 'pgoutput')")
        cursor.execute("BEGIN; CREATE TABLE of_two (x int); PREPARE TRANSACTION 'half'")
    try:
        refused = [{"wal_level": "replica"}, {"max_replication_slots": 1}, {"max_prepared_transactions": 0}]
        taken = [{"wal_level": "logical", "max_replication_slots": 2, "max_prepared_transactions": 1}]
        judge(starting, major, [Start(each, False) for each in refused] + [Start(each, True) for each in taken])
        with starting.superuser("shop") as cursor:
            cursor.execute("SELECT pg_drop_replication_slot('feed_one')")
        judge(starting, major, [Start({"wal_level": "minimal", "max_wal_senders": 0}, False), Start({"wal_level": "replica"}, True)])
    finally:
        with starting.superuser("shop") as cursor:
            cursor.execute("ROLLBACK PREPARED 'half'")
            cursor.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")


def test_replication_origins_must_have_room(starting: PostgresServer, major: int) -> None:
    """Their states are read back when the server starts; with no room at all it does not look at them."""
    name = "max_active_replication_origins" if major > 17 else "max_replication_slots"
    with starting.superuser("shop") as cursor:
        for number in range(3):
            cursor.execute(f"SELECT pg_replication_origin_create('from_{number}'), pg_replication_origin_advance('from_{number}', '0/1')")
    try:
        judge(starting, major, [Start({name: 2}, False), Start({name: 1}, False), Start({name: 3}, True), Start({name: 0}, True)])
        with starting.superuser("shop") as cursor:
            cursor.execute("SELECT pg_replication_origin_drop('from_0')")
            # One that is only there takes no room.
            cursor.execute("SELECT pg_replication_origin_create('unused')")
        judge(starting, major, [Start({name: 1}, False), Start({name: 2}, True)])
    finally:
        with starting.superuser("shop") as cursor:
            cursor.execute("SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin")


def test_a_logical_slot_on_a_standby_needs_hot_standby(starting: PostgresServer, major: int) -> None:
    signal_file = starting.folder / "data" / "standby.signal"
    if major < 16:
        # No such rule: a logical slot cannot be used on a standby.
        return
    with starting.superuser("shop") as cursor:
        cursor.execute("SELECT pg_create_logical_replication_slot('feed_one', 'pgoutput')")
    starting.stop()
    signal_file.touch()
    try:
        starting.run()
        judge(starting, major, [Start({"hot_standby": "off"}, False), Start({"hot_standby": "on"}, True)])
    finally:
        starting.stop()
        signal_file.unlink()
        starting.run()
        with starting.superuser("shop") as cursor:
            cursor.execute("SELECT pg_drop_replication_slot('feed_one')")


def judge(server: PostgresServer, major: int, cases: list[Start]) -> None:
    verdicts = [ask(server, case.declared) for case in cases]
    before = auto_file(server).read_text(encoding="utf-8")
    server.stop()
    found: list[str] = []
    for case, verdict in zip(cases, verdicts, strict=True):
        auto_file(server).write_text(before + "".join(line(name, value) for name, value in case.declared.items()), encoding="utf-8")
        text = compared(case, verdict, start(server))
        found += [text] if text else []
    auto_file(server).write_text(before, encoding="utf-8")
    server.run()
    assert not found, f"PostgreSQL {major}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("declared", "first", "words"),
    [
        ({"autovacuum_max_workers": 20}, 18, "autovacuum_worker_slots"),
        ({"archive_mode": "on", "archive_command": "true", "archive_library": "basic_archive"}, 16, "the server would archive nothing"),
    ],
)
def test_what_starts_and_does_not_do_what_is_meant_is_a_warning(
    starting: PostgresServer, major: int, declared: dict[str, t.Any], first: int, words: str
) -> None:
    verdict = ask(starting, declared)
    if major < first:
        # The version has no such rule, or no such parameter.
        assert not [text for text in verdict.warnings if words in text]
        return
    assert verdict.refusal is None and [text for text in verdict.warnings if words in text], verdict


def test_a_standby_must_not_have_less_than_its_primary(starting: PostgresServer, major: int) -> None:
    """What the primary has stands in its log, where SQL does not look; the standby runs with at least as much."""
    signal_file = starting.folder / "data" / "standby.signal"
    before = auto_file(starting).read_text(encoding="utf-8")
    starting.stop()
    signal_file.touch()
    try:
        starting.run()
        names = {"max_connections": 50, "max_worker_processes": 9}
        verdict = ask(starting, names)
        assert [text for text in verdict.warnings if "max_connections = 50 (declared)" in text and "recovery aborted" in text], verdict
        assert not [text for text in verdict.warnings if "max_worker_processes" in text]
        starting.stop()
        auto_file(starting).write_text(before + line("max_connections", 50), encoding="utf-8")
        assert "recovery aborted because of insufficient parameter settings" in (start(starting) or "")
    finally:
        starting.stop()
        signal_file.unlink()
        auto_file(starting).write_text(before, encoding="utf-8")
        starting.run()


def test_alter_system_itself_looks_at_what_is_running(starting: PostgresServer, major: int) -> None:
    """What is declared would fit, but the server compares each value with the running ones while it is written."""
    declared = {"max_wal_senders": 0, "max_worker_processes": 2, "max_connections": 262123}
    if major > 17:
        # From here on it looks when it starts only.
        assert ask(starting, declared).refusal is None
        return
    for check in (True, False):
        verdict = ask(starting, declared, check=check)
        assert verdict.refusal is not None and "ALTER SYSTEM would refuse max_connections = 262123 (declared)" in verdict.refusal
    with starting.superuser() as cursor, pytest.raises(psycopg2.Error, match='invalid value for parameter "max_connections"'):
        cursor.execute("ALTER SYSTEM SET max_connections = 262123")


def test_every_rule_is_held_to_a_server() -> None:
    """Each rule is broken by a case for each version that it speaks of, or has a test of its own above."""
    above = {("wal_level",), ("max_replication_slots",), ("max_active_replication_origins",), ("hot_standby",), *((name,) for name in ON_STANDBYS)}

    def touched(rule: StartRule, case: Start) -> bool:
        return bool({*case.declared, *case.configured} & set(rule.names)) and case.first <= rule.last and rule.first <= case.last

    for rule in START_RULES:
        if rule.names not in above:
            assert [case for case in STARTS if touched(rule, case) and case.starts is not rule.refuses], rule.names
