# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data plane of the local Neon: real clusters behind TLS, branches, roles as Neon makes them, PgBouncer, and no trace afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import typing as t

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

from emulators import scratch
from emulators.neon.dataplane import ComputeSpec, DataPlane, DataPlaneError, certificates, history, server_config, sizing, wal, wire
from emulators.neon.dataplane.proxy import endpoint_of

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES_HOME = pathlib.Path(os.environ.get("DBINFRA_POSTGRES_HOME_17") or CHECKOUT / ".cache" / "postgres-17")
OWNER, PASSWORD, DATABASE = "shop_owner", "the owner's password: ü 'quoted' \\", "shop"
ROOT_BRANCH, ROOT_ENDPOINT = "br-root-12345678", "ep-root-12345678"
# For waiting on something that must come; never asserted on.
PATIENCE = 60.0

Work = t.Callable[[], t.Any]


def runtime_folder() -> pathlib.Path:
    """A short path that does not exist yet; pytest's own folders are closed to the server user, and long."""
    return pathlib.Path(scratch.folder()) / f"dp-{secrets.token_hex(4)}"


class Loop:
    """One event loop for all tests of this file: the data plane lives in it, and clients in threads."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, work: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def thread(self, work: Work) -> t.Any:
        """Run a blocking function in a thread while the data plane goes on."""
        return self.run(asyncio.to_thread(work))

    def close(self) -> None:
        """End the loop."""
        self._runner.close()


class World:
    """A running data plane, and clients for it."""

    def __init__(self, loop: Loop, plane: DataPlane) -> None:
        self.loop = loop
        self.plane = plane
        self._names = 0

    def new(self, prefix: str) -> str:
        """Return an id no test has used."""
        self._names += 1
        return f"{prefix}-{self._names:08d}"

    def arguments(self, endpoint: str = ROOT_ENDPOINT, *, pooled: bool = False) -> dict[str, t.Any]:
        """Return what a client needs to connect."""
        return {
            "host": self.plane.hosts(endpoint)[1 if pooled else 0],
            "port": self.plane.port,
            "user": OWNER,
            "password": PASSWORD,
            "dbname": DATABASE,
            "sslmode": "verify-full",
            "sslrootcert": str(self.plane.ca_file),
            "connect_timeout": 30,
        }

    def connect(self, endpoint: str = ROOT_ENDPOINT, *, pooled: bool = False, **changes: t.Any) -> psycopg2.extensions.connection:
        """Connect as a client would; blocking, so inside of ``thread``."""
        connection = psycopg2.connect(**(self.arguments(endpoint, pooled=pooled) | changes))
        connection.autocommit = True
        return connection

    def query(self, statement: str, *parameters: t.Any, **where: t.Any) -> list[tuple[t.Any, ...]]:
        """Connect, run one statement, disconnect; return its rows."""

        def work() -> list[tuple[t.Any, ...]]:
            with contextlib.closing(self.connect(**where)) as connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

        return self.loop.thread(work)

    def refused(self, **where: t.Any) -> str:
        """Connect, which must fail; return the message."""

        def work() -> str:
            with pytest.raises(psycopg2.OperationalError) as caught:
                self.connect(**where).close()
            return str(caught.value)

        return self.loop.thread(work)

    def branch(self, source: str = ROOT_BRANCH, **options: t.Any) -> tuple[str, str]:
        """Make a branch with a running compute; return its ids."""
        branch_id, endpoint_id = self.new("br-test"), self.new("ep-test")
        self.loop.run(self.plane.copy_cluster(source, branch_id, **options))
        self.loop.run(self.plane.start_compute(ComputeSpec(endpoint_id, branch_id)))
        return branch_id, endpoint_id


@pytest.fixture(scope="module")
def loop() -> t.Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(loop: Loop) -> t.Iterator[World]:
    plane = DataPlane(runtime_folder(), POSTGRES_HOME, cache=CHECKOUT / ".cache")
    loop.run(plane.start())
    try:
        loop.run(plane.create_cluster(ROOT_BRANCH, 17))
        loop.run(plane.create_role(ROOT_BRANCH, OWNER, PASSWORD))
        loop.run(plane.create_database(ROOT_BRANCH, DATABASE, OWNER))
        loop.run(plane.start_compute(ComputeSpec(ROOT_ENDPOINT, ROOT_BRANCH)))
        yield World(loop, plane)
    finally:
        loop.run(plane.stop())


# --- pure functions


@pytest.mark.parametrize(
    ("min_cu", "max_cu", "expected"),
    [
        (0.25, 0.25, 104),
        (0.25, 2, 839),
        (0.25, 8, 839),
        (0.5, 0.5, 209),
        (1, 1, 419),
        (1, 8, 3357),
        (2, 2, 839),
        (3, 3, 1258),
        (4, 4, 1678),
        (5, 5, 2098),
        (6, 6, 2517),
        (7, 7, 2937),
        (8, 8, 3357),
        (9, 9, 3776),
        (10, 10, 4000),
        (56, 56, 4000),
        (0.125, 0.125, 100),
    ],
)
def test_max_connections_follows_neons_formula(min_cu: float, max_cu: float, expected: int) -> None:
    assert sizing.max_connections(min_cu, max_cu) == expected


def test_pool_and_client_limits() -> None:
    assert sizing.default_pool_size(104) == 93
    assert sizing.max_client_connections(20_000, 4000) == 10_000
    assert sizing.max_client_connections(4_096, 104) == 3_892


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ep-a-1.local.localhost", ("ep-a-1", False)),
        ("EP-A-1.Local.Localhost", ("ep-a-1", False)),
        ("ep-a-1-pooler.local.localhost", ("ep-a-1", True)),
        ("local.localhost", None),
        ("localhost", None),
        ("ep-a.other.localhost", None),
        ("x.ep-a.local.localhost", None),
        (None, None),
    ],
)
def test_the_endpoint_is_the_first_label_below_the_domain(name: str | None, expected: tuple[str, bool] | None) -> None:
    assert endpoint_of(name, "local.localhost") == expected


@pytest.mark.parametrize("value", ["a\nssl = off", "a\rb", "a\0b"])
def test_a_parameter_value_cannot_smuggle_in_another_line(value: str) -> None:
    with pytest.raises(DataPlaneError, match="line break"):
        server_config.quoted(value)


def test_parameter_values_are_quoted() -> None:
    assert [server_config.quoted(value) for value in (True, False, 5, "it's", "a\\b")] == ["'on'", "'off'", "'5'", "'it''s'", "'a\\\\b'"]


@pytest.mark.parametrize("header", [b"\0\0\0\4\0\0\0\0", b"GET / HT"])
def test_a_first_message_of_impossible_length_is_refused(header: bytes) -> None:
    with pytest.raises(wire.ProtocolViolationError):
        wire.startup_header(header)


# --- connecting


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_verify_full_on_both_hosts(world: World, pooled: bool) -> None:
    def work() -> tuple[t.Any, ...]:
        with contextlib.closing(world.connect(pooled=pooled)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database(), current_setting('server_version_num')::int / 10000")
            return (*cursor.fetchone(), connection.info.ssl_attribute("protocol"), connection.info.ssl_attribute("cipher"))

    assert world.loop.thread(work) == (OWNER, DATABASE, 17, "TLSv1.3", "TLS_AES_256_GCM_SHA384")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_one_port_on_both_loopback_addresses(world: World, address: str) -> None:
    assert world.query("SELECT 1", hostaddr=address) == [(1,)]


def test_tls_reaches_the_server_unbroken(world: World) -> None:
    # Channel binding proves that client and server see the same TLS connection: nothing in between has ended it.
    assert world.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", channel_binding="require") == [("TLSv1.3",)]
    assert "channel binding" in world.refused(pooled=True, channel_binding="require")
    assert "channel_binding_pooled" in world.plane.deviations()


def test_tls_1_2_is_the_oldest(world: World) -> None:
    assert world.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", ssl_max_protocol_version="TLSv1.2") == [("TLSv1.2",)]
    assert world.query("SHOW ssl_min_protocol_version") == [("TLSv1.2",)]


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_another_authority_is_refused(world: World, pooled: bool, tmp_path: pathlib.Path) -> None:
    other = certificates.issue(tmp_path, "local.localhost")
    assert "certificate verify failed" in world.refused(pooled=pooled, sslrootcert=str(other.ca_file))


def test_the_certificate_does_not_fit_another_name(world: World) -> None:
    message = world.refused(host="two.labels.local.localhost", hostaddr="127.0.0.1")
    assert "does not match host name" in message


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_plain_connections_are_refused_in_words(world: World, pooled: bool) -> None:
    assert "connection is insecure (try using `sslmode=require`)" in world.refused(pooled=pooled, sslmode="disable")


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_unknown_endpoints_are_refused_in_words(world: World, pooled: bool) -> None:
    message = world.refused(endpoint="ep-nobody-00000000", pooled=pooled)
    assert "The requested endpoint could not be found, or you don't have access to it" in message
    assert world.plane.client_count("ep-nobody-00000000") == 0
    assert world.plane.last_activity("ep-nobody-00000000") is None


def test_a_client_without_a_server_name_is_told(world: World) -> None:
    assert "Endpoint ID is not specified" in world.refused(host="127.0.0.1", sslmode="require")
    assert "Endpoint ID is not specified" in world.refused(host="localhost", sslmode="require")
    assert "Endpoint ID is not specified" in world.refused(sslmode="require", sslsni="0")


def test_strict_certificate_verification(world: World) -> None:
    """Python 3.13 checks certificates strictly by default; older versions can be told to."""

    def work() -> tuple[str | None, bytes]:
        context = ssl.create_default_context(cafile=world.plane.ca_file)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection(("127.0.0.1", world.plane.port), timeout=PATIENCE) as plain:
            plain.sendall(wire.startup_message(wire.GSSENC_REQUEST))
            assert plain.recv(1) == b"N"
            plain.sendall(wire.startup_message(wire.SSL_REQUEST))
            assert plain.recv(1) == b"S"
            with context.wrap_socket(plain, server_hostname=world.plane.hosts(ROOT_ENDPOINT)[0]) as secure:
                secure.sendall(wire.startup_message(3 << 16, b"user\0" + OWNER.encode() + b"\0\0"))
                return secure.version(), secure.recv(1)

    # "R" asks for authentication.
    assert world.loop.thread(work) == ("TLSv1.3", b"R")


def test_tls_without_asking_first(world: World) -> None:
    """PostgreSQL 17's direct negotiation: the first byte is TLS already, and the protocol is agreed on by ALPN."""

    def work() -> tuple[str | None, bytes]:
        context = ssl.create_default_context(cafile=world.plane.ca_file)
        context.set_alpn_protocols(["postgresql"])
        with socket.create_connection(("127.0.0.1", world.plane.port), timeout=PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname=world.plane.hosts(ROOT_ENDPOINT)[0]) as secure:
                secure.sendall(wire.startup_message(3 << 16, b"user\0" + OWNER.encode() + b"\0\0"))
                return secure.selected_alpn_protocol(), secure.recv(1)

    assert world.loop.thread(work) == ("postgresql", b"R")


def test_garbage_does_not_disturb(world: World) -> None:
    def work() -> list[bytes]:
        answers = []
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\0\0\0\x08", b""):
            with socket.create_connection(("127.0.0.1", world.plane.port), timeout=PATIENCE) as plain:
                plain.sendall(garbage)
                plain.shutdown(socket.SHUT_WR)
                answers.append(plain.recv(1))
        return answers

    # Nothing, or the first byte of a TLS alert.
    assert set(world.loop.thread(work)) <= {b"", b"\x15"}
    assert world.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_nobody_is_the_platforms_superuser(world: World, pooled: bool) -> None:
    for password in ("", "cloud_admin", PASSWORD):
        message = world.refused(user="cloud_admin", password=password, pooled=pooled)
        assert any(
            words in message for words in ("reject", "password authentication failed", "no password supplied", "SASL authentication failed")
        ), message


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_wrong_passwords_are_refused(world: World, pooled: bool) -> None:
    message = world.refused(password="wrong", pooled=pooled)
    assert "authentication failed" in message


def test_replication_connections_are_refused(world: World) -> None:
    # Neon offers logical replication, which connects to a database; never a physical copy of the cluster.
    assert "no pg_hba.conf entry for replication connection" in world.refused(options="-c client_encoding=UTF8", replication="true")


def test_clients_are_counted(world: World) -> None:
    _, endpoint = world.branch()
    assert world.plane.last_activity(endpoint) is None
    before = time.time()

    def work() -> int:
        with contextlib.closing(world.connect(endpoint)), contextlib.closing(world.connect(endpoint, pooled=True)):
            return world.plane.client_count(endpoint)

    assert world.loop.thread(work) == 2
    assert world.loop.thread(lambda: until(lambda: world.plane.client_count(endpoint) == 0))
    activity = world.plane.last_activity(endpoint)
    assert activity is not None
    assert activity >= before


# --- roles and databases


def test_api_made_roles_have_exactly_neons_attributes(world: World) -> None:
    columns = "rolcanlogin, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit"
    assert world.query(f"SELECT {columns} FROM pg_roles WHERE rolname = %s", OWNER) == [(True, False, True, True, True, True, True, -1)]
    assert world.query(f"SELECT {columns} FROM pg_roles WHERE rolname = 'neon_superuser'") == [(False, False, True, True, True, True, True, -1)]
    memberships = """
        SELECT member::regrole::text, roleid::regrole::text, admin_option FROM pg_auth_members
        WHERE member IN (%s::regrole, 'neon_superuser'::regrole) ORDER BY 1, 2
    """
    assert world.query(memberships, OWNER) == [
        ("neon_superuser", "pg_create_subscription", False),
        ("neon_superuser", "pg_monitor", True),
        ("neon_superuser", "pg_read_all_data", False),
        ("neon_superuser", "pg_signal_backend", True),
        ("neon_superuser", "pg_write_all_data", False),
        (OWNER, "neon_superuser", False),
    ]


def test_one_api_made_role_cannot_alter_another(world: World) -> None:
    branch, endpoint = world.branch()
    world.loop.run(world.plane.create_role(branch, "other", "another password"))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied to alter role"):
        world.query("ALTER ROLE other CONNECTION LIMIT 5", endpoint=endpoint)
    world.query("CREATE ROLE app LOGIN CONNECTION LIMIT 5", endpoint=endpoint)
    world.query("ALTER ROLE app CONNECTION LIMIT 6", endpoint=endpoint)


def test_customers_are_no_superusers(world: World) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.query("ALTER SYSTEM SET work_mem = '64MB'")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.query("COPY (SELECT 1) TO PROGRAM 'true'")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.query("CREATE EXTENSION file_fdw")


def test_neons_trusted_extensions_are_there(world: World) -> None:
    _, endpoint = world.branch()
    world.query("CREATE EXTENSION pg_stat_statements", endpoint=endpoint)
    world.query("SELECT 1 AS one_that_is_counted", endpoint=endpoint)
    counted = (
        "SELECT queryid, userid, dbid FROM pg_stat_statements WHERE query LIKE '%one_that_is_counted%' AND query NOT LIKE '%pg_stat_statements%'"
    )
    [(queryid, userid, dbid)] = world.query(counted, endpoint=endpoint)
    world.query("SELECT pg_stat_statements_reset(%s, %s, %s)", userid, dbid, queryid, endpoint=endpoint)
    assert world.query(counted, endpoint=endpoint) == []


def test_passwords_can_be_changed_and_look_ups_are_not_stale(world: World) -> None:
    branch, endpoint = world.branch()
    assert world.query("SELECT 1", endpoint=endpoint, pooled=True) == [(1,)]
    world.loop.run(world.plane.set_password(branch, OWNER, "the next password"))
    for pooled in (False, True):
        assert "authentication failed" in world.refused(endpoint=endpoint, pooled=pooled)
        assert world.query("SELECT 1", endpoint=endpoint, pooled=pooled, password="the next password") == [(1,)]


def test_databases_are_made_altered_and_dropped(world: World) -> None:
    branch, endpoint = world.branch()
    plane, run = world.plane, world.loop.run
    run(plane.create_role(branch, "second", PASSWORD))
    run(plane.create_database(branch, "Reports-1", OWNER))
    described = "SELECT datname, datdba::regrole::text, pg_encoding_to_char(encoding), datcollate, datacl::text LIKE '%%neon_superuser=CTc/%%' FROM pg_database WHERE datname = %s"
    assert world.query(described, "Reports-1", endpoint=endpoint) == [("Reports-1", OWNER, "UTF8", "C.UTF-8", True)]
    world.query("CREATE TABLE public.t ()", endpoint=endpoint, dbname="Reports-1")
    run(plane.alter_database(branch, "Reports-1", new_name="reports", new_owner="second"))
    assert world.query(described, "reports", endpoint=endpoint)[0][:2] == ("reports", "second")
    run(plane.drop_database(branch, "reports"))
    assert world.query(described, "reports", endpoint=endpoint) == []


def test_a_dropped_role_leaves_its_tables_to_the_databases_owner(world: World) -> None:
    branch, endpoint = world.branch()
    world.loop.run(world.plane.create_role(branch, "leaver", PASSWORD))
    # From PostgreSQL 15 on nobody but the owner may create in public, and neon_superuser has no such privilege.
    world.query("GRANT CREATE ON SCHEMA public TO leaver", endpoint=endpoint)
    world.query("CREATE TABLE public.kept AS SELECT 7 AS seven", endpoint=endpoint, user="leaver")
    world.loop.run(world.plane.drop_role(branch, "leaver"))
    assert world.query("SELECT tableowner, seven FROM pg_tables, public.kept WHERE tablename = 'kept'", endpoint=endpoint) == [(OWNER, 7)]
    assert world.query("SELECT 1 FROM pg_roles WHERE rolname = 'leaver'", endpoint=endpoint) == []


def test_sql_works_on_a_branch_without_a_compute(world: World) -> None:
    branch, endpoint = world.new("br-test"), world.new("ep-test")
    world.loop.run(world.plane.copy_cluster(ROOT_BRANCH, branch))
    world.loop.run(world.plane.create_role(branch, "made_asleep", "a password of its own"))
    size = world.loop.run(world.plane.logical_size(branch))
    assert size > 10_000_000
    world.loop.run(world.plane.start_compute(ComputeSpec(endpoint, branch)))
    assert world.query("SELECT current_user", endpoint=endpoint, user="made_asleep", password="a password of its own") == [("made_asleep",)]


def test_errors_of_the_server_are_one_line(world: World) -> None:
    with pytest.raises(DataPlaneError, match=r'^creating role shop_owner on branch br-root-12345678 failed: role "shop_owner" already exists$'):
        world.loop.run(world.plane.create_role(ROOT_BRANCH, OWNER, PASSWORD))
    with pytest.raises(DataPlaneError, match=r"^branch br-nobody has no cluster$"):
        world.loop.run(world.plane.create_role("br-nobody", OWNER, PASSWORD))


# --- computes


@pytest.mark.parametrize(("min_cu", "max_cu", "expected"), [(0.25, 0.25, "104"), (1, 4, "1678"), (16, 16, "4000")])
def test_a_compute_has_the_limits_of_its_size(world: World, min_cu: float, max_cu: float, expected: str) -> None:
    branch, endpoint = world.new("br-test"), world.new("ep-test")
    world.loop.run(world.plane.copy_cluster(ROOT_BRANCH, branch))
    world.loop.run(world.plane.start_compute(ComputeSpec(endpoint, branch, min_cu, max_cu)))
    shown = "SELECT current_setting('max_connections'), current_setting('superuser_reserved_connections'), current_setting('fsync')"
    for pooled in (False, True):
        assert world.query(shown, endpoint=endpoint, pooled=pooled) == [(expected, "7", "on")]
    world.loop.run(world.plane.drop_cluster(branch))
    assert not world.plane.compute_running(endpoint)


def test_additional_parameters_apply_and_the_platforms_own_do_not_change(world: World) -> None:
    branch, endpoint = world.new("br-test"), world.new("ep-test")
    world.loop.run(world.plane.copy_cluster(ROOT_BRANCH, branch))
    run, plane = world.loop.run, world.plane
    with pytest.raises(DataPlaneError, match="pg_settings may not change 'max_connections': the platform sets it"):
        run(plane.start_compute(ComputeSpec(endpoint, branch, pg_settings={"max_connections": "5000"})))
    with pytest.raises(DataPlaneError, match="no name of a server parameter"):
        run(plane.start_compute(ComputeSpec(endpoint, branch, pg_settings={"work_mem = '1MB'\nssl": "off"})))
    with pytest.raises(DataPlaneError, match=r'PostgreSQL did not start: .*"work_mem"'):
        run(plane.start_compute(ComputeSpec(endpoint, branch, pg_settings={"work_mem": "plenty"})))
    assert not plane.compute_running(endpoint)
    run(plane.start_compute(ComputeSpec(endpoint, branch, pg_settings={"work_mem": "7MB", "wal_level": "logical"})))
    assert world.query("SELECT current_setting('work_mem'), current_setting('wal_level')", endpoint=endpoint) == [("7MB", "logical")]
    run(plane.restart(endpoint, ComputeSpec(endpoint, branch, pg_settings={"work_mem": "8MB"})))
    assert world.query("SHOW work_mem", endpoint=endpoint) == [("8MB",)]


def test_a_branch_has_one_read_write_compute(world: World) -> None:
    with pytest.raises(DataPlaneError, match="already has a running read_write compute"):
        world.loop.run(world.plane.start_compute(ComputeSpec("ep-second-00000000", ROOT_BRANCH)))


def test_another_major_version_is_refused(world: World) -> None:
    with pytest.raises(DataPlaneError, match="PostgreSQL 16 was asked for, and this local Neon has 17"):
        world.loop.run(world.plane.create_cluster("br-sixteen-00000000", 16))


# --- branches


def test_a_branch_is_isolated_from_its_source(world: World) -> None:
    source, source_endpoint = world.branch()
    world.query("CREATE TABLE t AS SELECT 1 AS value", endpoint=source_endpoint)
    _, copy_endpoint = world.branch(source)
    world.query("INSERT INTO t VALUES (2)", endpoint=source_endpoint)
    world.query("INSERT INTO t VALUES (3)", endpoint=copy_endpoint)
    assert world.query("SELECT value FROM t ORDER BY 1", endpoint=source_endpoint) == [(1,), (2,)]
    assert world.query("SELECT value FROM t ORDER BY 1", endpoint=copy_endpoint) == [(1,), (3,)]


def test_a_stopped_source_is_copied_as_well(world: World) -> None:
    source, endpoint = world.branch()
    world.query("CREATE TABLE t AS SELECT 1 AS value", endpoint=endpoint)
    world.loop.run(world.plane.stop_compute(endpoint))
    _, copy_endpoint = world.branch(source)
    assert world.query("SELECT value FROM t", endpoint=copy_endpoint) == [(1,)]


def test_a_copy_under_writes_has_every_row_acknowledged_before(world: World) -> None:
    source, endpoint = world.branch()
    world.query("CREATE TABLE t (writer int, value int, filler text, PRIMARY KEY (writer, value))", endpoint=endpoint)
    acknowledged = [0, 0]
    stop = threading.Event()

    def write(writer: int) -> None:
        with contextlib.closing(world.connect(endpoint)) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                value = acknowledged[writer] + 1
                cursor.execute("INSERT INTO t VALUES (%s, %s, repeat('x', 500))", (writer, value))
                cursor.execute("CREATE TEMPORARY TABLE vanishing AS SELECT 1")
                cursor.execute("DROP TABLE vanishing")
                acknowledged[writer] = value

    async def copy_meanwhile() -> list[tuple[list[int], str]]:
        writers = [asyncio.create_task(asyncio.to_thread(write, writer)) for writer in range(2)]
        copies = []
        try:
            for number in range(3):
                await asyncio.to_thread(until, lambda least=(number + 1) * 20: min(acknowledged) >= least)
                before = list(acknowledged)
                branch = world.new("br-test")
                await world.plane.copy_cluster(source, branch)
                copies.append((before, branch))
        finally:
            stop.set()
            await asyncio.gather(*writers)
        return copies

    for before, branch in world.loop.run(copy_meanwhile()):
        copy_endpoint = world.new("ep-test")
        world.loop.run(world.plane.start_compute(ComputeSpec(copy_endpoint, branch)))
        rows = dict(world.query("SELECT writer, max(value) FROM t GROUP BY writer HAVING count(*) = max(value)", endpoint=copy_endpoint))
        assert len(rows) == 2, "a row in the middle is missing"
        assert all(rows[writer] >= before[writer] for writer in range(2))


SCHEMA = """
CREATE SCHEMA "Odd name";
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, secret text, doc oid);
CREATE TABLE "Odd name".purchase (id serial PRIMARY KEY, customer bigint REFERENCES customer);
CREATE TABLE event (id bigint, day date) PARTITION BY RANGE (day);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
CREATE UNLOGGED TABLE fast (id int);
CREATE SEQUENCE free START 100;
CREATE MATERIALIZED VIEW summary AS SELECT secret FROM customer;
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a trigger ran'; END $$;
CREATE TRIGGER loud BEFORE TRUNCATE ON customer EXECUTE FUNCTION loud();
CREATE STATISTICS two ON id, secret FROM customer;
INSERT INTO customer (secret, doc) SELECT 'a secret row', lo_from_bytea(0, 'a secret document') FROM generate_series(1, 5);
INSERT INTO "Odd name".purchase (customer) SELECT id FROM customer;
INSERT INTO event SELECT 1, '2026-05-05';
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2); INSERT INTO fast VALUES (3);
SELECT nextval('free'), nextval('free');
REFRESH MATERIALIZED VIEW summary;
ANALYZE;
"""


@pytest.mark.parametrize("running", [True, False], ids=["running source", "stopped source"])
def test_a_schema_only_branch_has_all_tables_and_no_row(world: World, running: bool) -> None:
    source, endpoint = world.branch()
    world.query(SCHEMA, endpoint=endpoint)
    assert world.query("SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE '%%secret%%'", endpoint=endpoint) != [(0,)]
    if not running:
        world.loop.run(world.plane.stop_compute(endpoint))
    _, copy = world.branch(source, schema_only=True)
    tables = ["customer", '"Odd name".purchase', "event", "event_2026", "parent", "child", "fast"]
    for table in tables:
        assert world.query(f"SELECT count(*) FROM {table}", endpoint=copy) == [(0,)], table
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="has not been populated"):
        world.query("SELECT * FROM summary", endpoint=copy)
    assert world.query("SELECT nextval('free')", endpoint=copy) == [(100,)]
    assert world.query("INSERT INTO customer (secret) VALUES ('mine') RETURNING id", endpoint=copy) == [(1,)]
    assert world.query('INSERT INTO "Odd name".purchase (customer) VALUES (1) RETURNING id', endpoint=copy) == [(1,)]
    assert world.query("SELECT count(*) FROM pg_largeobject_metadata", endpoint=copy) == [(0,)]
    assert world.query("SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE '%%secret%%'", endpoint=copy) == [(0,)]
    assert world.query("SELECT count(*) FROM pg_stats_ext WHERE most_common_vals IS NOT NULL", endpoint=copy) == [(0,)]
    with pytest.raises(psycopg2.errors.RaiseException, match="a trigger ran"):
        world.query("TRUNCATE customer CASCADE", endpoint=copy)
    if not running:
        world.loop.run(world.plane.start_compute(ComputeSpec(endpoint, source)))
    # The source keeps everything.
    assert world.query("SELECT count(*) FROM customer", endpoint=endpoint) == [(5,)]


@pytest.mark.parametrize("past", [False, True], ids=["head", "past"])
def test_a_schema_only_branch_holds_no_row_in_its_files_of_tables_and_wal(world: World, past: bool) -> None:
    source, endpoint = world.branch()
    marker = "marker-" + secrets.token_hex(16)
    world.query("CREATE TABLE t (v text)", endpoint=endpoint)
    world.query("INSERT INTO t SELECT %s || i FROM generate_series(1, 100) i", marker, endpoint=endpoint)
    branch = world.new("br-test")
    [(now,)] = world.query("SELECT clock_timestamp()", endpoint=endpoint)
    world.loop.run(world.plane.copy_cluster(source, branch, schema_only=True, at=now if past else None))
    data = world.plane.data_folder(branch)
    found = [str(path) for path in data.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()]
    assert found == []
    assert any(marker.encode() in path.read_bytes() for path in world.plane.data_folder(source).rglob("*") if path.is_file())


# --- history


def numbers(world: World, endpoint: str) -> list[int]:
    return [number for (number,) in world.query("SELECT n FROM t ORDER BY n", endpoint=endpoint)]


def test_the_past_of_a_branch_whose_server_was_killed(world: World) -> None:
    source, endpoint = world.branch()
    world.query("CREATE TABLE t (n int)", endpoint=endpoint)
    world.query("INSERT INTO t VALUES (1)", endpoint=endpoint)
    [(moment, lsn)] = world.query("SELECT clock_timestamp(), pg_current_wal_lsn()::text", endpoint=endpoint)
    world.query("INSERT INTO t VALUES (2)", endpoint=endpoint)
    server, _ = world.plane.compute_pids(endpoint)
    assert server is not None
    os.kill(server, signal.SIGKILL)
    assert until(lambda: not world.plane.compute_running(endpoint))
    for point in ({"at": moment}, {"lsn": lsn}):
        assert numbers(world, world.branch(source, **point)[1]) == [1]
    assert numbers(world, world.branch(source)[1]) == [1, 2]


def test_a_history_tells_its_bounds(world: World) -> None:
    source, endpoint = world.branch()
    world.query("CREATE TABLE t (n int)", endpoint=endpoint)
    before = world.loop.run(world.plane.history(source))
    world.query("INSERT INTO t VALUES (1)", endpoint=endpoint)
    after = world.loop.run(world.plane.history(source))
    assert (before.began_at, before.first_lsn) == (after.began_at, after.first_lsn)
    assert wal.parse_lsn(before.first_lsn) < wal.parse_lsn(before.last_lsn) < wal.parse_lsn(after.last_lsn)
    world.loop.run(world.plane.stop_compute(endpoint))
    for lsn, expected in ((after.first_lsn, None), (before.last_lsn, []), (world.loop.run(world.plane.history(source)).last_lsn, [1])):
        _, copy = world.branch(source, lsn=lsn)
        if expected is None:
            assert world.query("SELECT to_regclass('t')", endpoint=copy) == [(None,)]
        else:
            assert numbers(world, copy) == expected


@pytest.mark.parametrize("shared", [True, False], ids=["shared base", "base of its own"])
def test_a_base_goes_with_the_last_branch_that_shares_it(world: World, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def bases() -> set[pathlib.Path]:
        return set(world.plane.runtime_dir.glob("b/*-base"))

    present = bases()
    source = world.new("br-test")
    world.loop.run(world.plane.copy_cluster(ROOT_BRANCH, source, schema_only=True))
    endpoint = world.new("ep-test")
    world.loop.run(world.plane.start_compute(ComputeSpec(endpoint, source)))
    assert len(bases() - present) == 1
    world.query("CREATE TABLE t (n int)", endpoint=endpoint)
    if not shared:
        monkeypatch.setattr(history, "_LONGEST_SHARED_SEGMENTS", -1)
    copy, copied = world.branch(source)
    assert len(bases() - present) == (1 if shared else 2)
    world.query("INSERT INTO t VALUES (1)", endpoint=copied)
    [(moment,)] = world.query("SELECT clock_timestamp()", endpoint=copied)
    world.query("INSERT INTO t VALUES (2)", endpoint=copied)
    world.loop.run(world.plane.drop_cluster(source))
    assert len(bases() - present) == 1
    past, replayed = world.branch(copy, at=moment)
    assert numbers(world, replayed) == [1]
    for branch in (copy, past):
        world.loop.run(world.plane.drop_cluster(branch))
    assert bases() == present


def test_the_past_over_many_segments_and_several_starts(world: World) -> None:
    source, endpoint = world.branch()
    world.query("CREATE TABLE t (n int)", endpoint=endpoint)
    world.query("CREATE TABLE filler (v text)", endpoint=endpoint)
    moments = []
    for number in range(3):
        world.query("INSERT INTO t VALUES (%s)", number, endpoint=endpoint)
        moments += [world.query("SELECT clock_timestamp()", endpoint=endpoint)[0][0]]
        world.query("INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 25000)", endpoint=endpoint)
        world.loop.run(world.plane.restart(endpoint))
    for number, moment in enumerate(moments):
        copy, copied = world.branch(source, at=moment)
        assert numbers(world, copied) == list(range(number + 1))
        assert world.query("SELECT count(*) FROM filler", endpoint=copied) == [(25_000 * number,)]
        # Its own past goes back to before it was made only through its source, and on from there.
        world.query("INSERT INTO t VALUES (100)", endpoint=copied)
        [(later,)] = world.query("SELECT clock_timestamp()", endpoint=copied)
        world.query("DELETE FROM t", endpoint=copied)
        assert numbers(world, world.branch(copy, at=later)[1]) == [*range(number + 1), 100]
    assert numbers(world, endpoint) == [0, 1, 2]


def test_a_branch_that_fails_leaves_nothing(world: World) -> None:
    with pytest.raises(DataPlaneError, match="already has a cluster"):
        world.loop.run(world.plane.copy_cluster(ROOT_BRANCH, ROOT_BRANCH))
    source, endpoint = world.branch()
    # An unreadable file in the source: the copy fails half-way.
    (world.plane.data_folder(source) / "pg_tblspc" / "16400").symlink_to("/nowhere")
    branch = world.new("br-test")
    with pytest.raises(DataPlaneError, match="tablespaces are not supported"):
        world.loop.run(world.plane.copy_cluster(source, branch))
    with pytest.raises(DataPlaneError, match="has no cluster"):
        world.plane.data_folder(branch)
    assert world.query("SELECT count(*) FROM pg_replication_slots", endpoint=endpoint) == [(0,)]


# --- PgBouncer


def test_pgbouncer_shares_server_connections(world: World) -> None:
    _, endpoint = world.branch()

    def work(pooled: bool) -> tuple[int, int]:
        with contextlib.ExitStack() as stack:
            pids = set()
            for _ in range(60):
                connection = stack.enter_context(contextlib.closing(world.connect(endpoint, pooled=pooled)))
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid(), (SELECT count(*) FROM pg_stat_activity WHERE usename = %s)", (OWNER,))
                    pid, sessions = cursor.fetchone()
                    pids.add(pid)
            return len(pids), sessions

    assert world.loop.thread(lambda: work(pooled=True)) == (1, 1)
    assert world.loop.thread(lambda: work(pooled=False)) == (60, 61)


def test_pgbouncer_pools_by_transaction(world: World) -> None:
    _, endpoint = world.branch()

    def work() -> tuple[int, int, int]:
        with contextlib.closing(world.connect(endpoint, pooled=True)) as first, contextlib.closing(world.connect(endpoint, pooled=True)) as second:
            first.autocommit = False
            with first.cursor() as one, second.cursor() as two:
                one.execute("SELECT pg_backend_pid()")
                held = one.fetchone()[0]
                two.execute("SELECT pg_backend_pid()")
                other = two.fetchone()[0]
                first.commit()
                one.execute("SELECT pg_backend_pid() FROM pg_stat_activity WHERE application_name = 'pgbouncer' LIMIT 1")
                again = one.fetchone()[0]
                first.rollback()
                return held, other, again

    held, other, again = world.loop.thread(work)
    assert held != other, "a transaction holds its server connection"
    assert again in (held, other)


def test_a_connection_limit_refuses_direct_clients_and_queues_pooled_ones(world: World) -> None:
    _, endpoint = world.branch()
    world.query("CREATE ROLE app LOGIN CONNECTION LIMIT 3 PASSWORD 'of the app'", endpoint=endpoint)
    login = {"endpoint": endpoint, "user": "app", "password": "of the app"}

    def direct() -> str:
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(contextlib.closing(world.connect(**login)))
            with pytest.raises(psycopg2.OperationalError) as caught:
                world.connect(**login).close()
            return str(caught.value)

    assert 'too many connections for role "app"' in world.loop.thread(direct)
    own_sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
    world.loop.thread(lambda: until(lambda: scalar(world.connect(endpoint), own_sessions) == 0))

    async def pooled() -> list[int]:
        def work() -> int:
            return scalar(world.connect(pooled=True, **login), "SELECT 1 FROM pg_sleep(0.02)")

        return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(60)))

    assert world.loop.run(pooled()) == [1] * 60


# A process of its own: psycopg2 keeps Python's global lock while it waits for the answer to a cancel request, and here the proxy that
# answers would wait for the same lock.
CANCELLED = """
    import json, sys, threading, psycopg2, psycopg2.errors

    arguments = json.load(sys.stdin)
    sleeper, watcher = psycopg2.connect(**arguments), psycopg2.connect(**arguments)
    watcher.autocommit = True

    def cancel():
        with watcher.cursor() as cursor:
            while True:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'")
                if cursor.fetchone() == (1,):
                    return sleeper.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    try:
        sleeper.cursor().execute("SELECT pg_sleep(600)")
    except psycopg2.errors.QueryCanceled:
        print("cancelled")
"""


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_a_query_can_be_cancelled(world: World, pooled: bool) -> None:
    _, endpoint = world.branch()
    arguments = json.dumps(world.arguments(endpoint, pooled=pooled))
    done = world.loop.thread(
        lambda: subprocess.run(
            [sys.executable, "-c", textwrap.dedent(CANCELLED)], input=arguments, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    )
    assert (done.stdout, done.stderr) == ("cancelled\n", "")


def test_a_setting_of_the_session_is_refused_at_connect_as_neons_pooler_does(world: World) -> None:
    assert "unsupported startup parameter" in world.refused(pooled=True, options="-c search_path=x")
    assert world.query("SHOW search_path", options="-c search_path=x") == [("x",)]


# --- being killed


def test_a_killed_server_is_restarted_at_the_next_connection(world: World) -> None:
    _, endpoint = world.branch()
    world.query("CREATE TABLE t AS SELECT 1 AS value", endpoint=endpoint)
    for pooled in (False, True):
        assert world.query("SELECT value FROM t", endpoint=endpoint, pooled=True) == [(1,)]
        server, pgbouncer = world.plane.compute_pids(endpoint)
        assert server is not None
        assert pgbouncer is not None
        backends = children_of(server)
        os.kill(server, signal.SIGKILL)
        # Each says goodbye to its client, which for a pooled one is PgBouncer: a login that it checks in that very moment would fail.
        assert until(lambda backends=backends: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in backends))
        assert world.query("SELECT value FROM t", endpoint=endpoint, pooled=pooled) == [(1,)]
        assert world.plane.compute_pids(endpoint)[0] != server


def test_a_killed_server_with_a_busy_backend_is_restarted(world: World) -> None:
    _, endpoint = world.branch()

    def busy() -> str:
        with contextlib.closing(world.connect(endpoint)) as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.OperationalError) as caught:
                # Never looks whether the postmaster is alive.
                cursor.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")
            return str(caught.value)

    async def body() -> tuple[str, int]:
        client = asyncio.create_task(asyncio.to_thread(busy))
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM generate_series%' AND state = 'active'"
        await asyncio.to_thread(until, lambda: scalar(world.connect(endpoint), running) == 1)
        server, _ = world.plane.compute_pids(endpoint)
        assert server is not None
        os.kill(server, signal.SIGKILL)
        answer = await asyncio.to_thread(lambda: scalar(world.connect(endpoint), "SELECT 1"))
        return await client, answer

    message, answer = world.loop.run(body())
    assert answer == 1
    assert "closed" in message or "terminat" in message or "EOF" in message


def test_a_killed_pgbouncer_is_restarted_at_the_next_connection(world: World) -> None:
    _, endpoint = world.branch()
    assert world.query("SELECT 1", endpoint=endpoint, pooled=True) == [(1,)]
    server, pgbouncer = world.plane.compute_pids(endpoint)
    assert pgbouncer is not None
    os.kill(pgbouncer, signal.SIGKILL)
    assert world.query("SELECT 1", endpoint=endpoint, pooled=True) == [(1,)]
    assert world.plane.compute_pids(endpoint)[0] == server
    assert world.plane.compute_pids(endpoint)[1] not in (None, pgbouncer)


# --- suspended computes


class NotThereError(Exception):
    """As the API raises it: with the HTTP status."""

    status = 404


def test_a_suspended_compute_is_woken_by_its_client(loop: Loop) -> None:
    woken: list[str] = []

    async def wake(endpoint_id: str) -> None:
        woken.append(endpoint_id)
        if endpoint_id == "ep-broken-00000000":
            raise RuntimeError("no capacity")
        if endpoint_id != "ep-asleep-00000000":
            raise NotThereError("endpoint not found")
        await plane.start_compute(ComputeSpec(endpoint_id, "br-one-00000000"))

    plane = DataPlane(runtime_folder(), POSTGRES_HOME, wake=wake)
    loop.run(plane.start())
    try:
        loop.run(plane.create_cluster("br-one-00000000", 17))
        loop.run(plane.create_role("br-one-00000000", OWNER, PASSWORD))
        loop.run(plane.create_database("br-one-00000000", DATABASE, OWNER))
        world = World(loop, plane)
        for pooled in (False, True):
            assert not plane.compute_running("ep-asleep-00000000")
            assert world.query("SELECT 1", endpoint="ep-asleep-00000000", pooled=pooled) == [(1,)]
            loop.run(plane.stop_compute("ep-asleep-00000000"))
        assert "The requested endpoint could not be found" in world.refused(endpoint="ep-nobody-00000000")
        assert "Couldn't connect to compute node: no capacity" in world.refused(endpoint="ep-broken-00000000")
        assert woken[:2] == ["ep-asleep-00000000"] * 2
        assert set(woken[2:]) == {"ep-nobody-00000000", "ep-broken-00000000"}
    finally:
        loop.run(plane.stop())


def test_clients_drop_when_the_compute_stops(world: World) -> None:
    _, endpoint = world.branch()

    async def body() -> list[str]:
        connections = [await asyncio.to_thread(world.connect, endpoint, pooled=pooled) for pooled in (False, True)]
        await world.plane.stop_compute(endpoint)
        return [await asyncio.to_thread(broken, connection) for connection in connections]

    assert all(world.loop.run(body()))


# --- secrets and traces


def test_passwords_stand_nowhere_they_do_not_belong(world: World) -> None:
    branch, endpoint = world.branch()
    password = "never-to-be-seen-" + secrets.token_hex(8)
    world.loop.run(world.plane.create_role(branch, "keeper", password))
    assert world.query("SELECT current_user", endpoint=endpoint, pooled=True, user="keeper", password=password) == [("keeper",)]
    with pytest.raises(psycopg2.errors.DuplicateObject):
        world.query(f"CREATE ROLE keeper PASSWORD '{password}'", endpoint=endpoint)
    with pytest.raises(DataPlaneError) as caught:
        world.loop.run(world.plane.create_role(branch, "keeper", password))
    assert password not in str(caught.value)
    root = world.plane.runtime_dir
    holding = [str(path) for path in root.rglob("*") if path.is_file() and not path.is_symlink() and password.encode() in path.read_bytes()]
    assert holding == []
    for pid in processes_below(root):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                assert password.encode() not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()


def test_other_users_can_only_read_the_authority(world: World) -> None:
    root = world.plane.runtime_dir
    assert stat.S_IMODE(root.stat().st_mode) == 0o711
    assert stat.S_IMODE(world.plane.ca_file.stat().st_mode) == 0o644
    world.query("SELECT 1", pooled=True)
    private = [root / "server.key", world.plane.data_folder(ROOT_BRANCH), *root.glob("[bsp]/*"), *root.glob("[bp]/*/*.log"), *root.glob("p/*/*")]
    assert len(private) > 8
    assert [str(path) for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    leaked = {name for pid in processes_below(root) for name in environment_names(pid)}
    assert leaked <= {
        "PATH",
        "LC_ALL",
        "TZ",
        "LC_COLLATE",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "PGLOCALEDIR",
        "PGSYSCONFDIR",
    }


def test_nothing_is_left_after_stop(loop: Loop) -> None:
    folder = runtime_folder()
    plane = DataPlane(folder, POSTGRES_HOME)
    segments = shared_memory_segments()
    loop.run(plane.start())
    loop.run(plane.create_cluster("br-one-00000000", 17))
    loop.run(plane.create_role("br-one-00000000", OWNER, PASSWORD))
    loop.run(plane.create_database("br-one-00000000", DATABASE, OWNER))
    loop.run(plane.copy_cluster("br-one-00000000", "br-two-00000000"))
    for number in ("one", "two"):
        loop.run(plane.start_compute(ComputeSpec(f"ep-{number}-00000000", f"br-{number}-00000000")))
    world = World(loop, plane)
    connections = [loop.thread(lambda pooled=pooled: world.connect("ep-one-00000000", pooled=pooled)) for pooled in (False, True)]
    killed, _ = plane.compute_pids("ep-two-00000000")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert len(processes_below(folder)) > 5
    port = plane.port
    loop.run(plane.stop())
    assert processes_below(folder) == []
    assert not folder.exists()
    assert shared_memory_segments() <= segments
    assert all(broken(connection) for connection in connections)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    # Once more does no harm.
    loop.run(plane.stop())


ABANDONED = """
    import asyncio, pathlib, sys
    from emulators.neon.dataplane import ComputeSpec, DataPlane

    async def main():
        plane = DataPlane(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
        await plane.start()
        await plane.create_cluster("br-one-00000000", 17)
        await plane.start_compute(ComputeSpec("ep-one-00000000", "br-one-00000000"))
        await plane.backend_port("ep-one-00000000", pooled=True)
        print(*plane.compute_pids("ep-one-00000000"), flush=True)
        await asyncio.sleep(3600)

    asyncio.run(main())
"""


def test_a_killed_emulator_takes_its_servers_along_and_the_next_one_cleans_up(loop: Loop) -> None:
    folder = runtime_folder()
    segments = shared_memory_segments()
    emulator = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ABANDONED), str(folder), str(POSTGRES_HOME)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "tests")},
    )
    try:
        assert emulator.stdout is not None
        pids = [int(word) for word in emulator.stdout.readline().split()]
        assert len(pids) == 2
        with pytest.raises(DataPlaneError, match=f"in use by another local Neon \\(process {emulator.pid}\\)"):
            loop.run(DataPlane(folder, POSTGRES_HOME).start())
        assert set(pids) <= set(processes_below(folder))
    finally:
        emulator.kill()
        emulator.communicate()
    assert until(lambda: processes_below(folder) == [])
    assert folder.exists()
    plane = DataPlane(folder, POSTGRES_HOME)
    loop.run(plane.start())
    try:
        with pytest.raises(DataPlaneError, match="has no cluster"):
            loop.run(plane.logical_size("br-one-00000000"))
    finally:
        loop.run(plane.stop())
    assert not folder.exists()
    assert shared_memory_segments() <= segments


def test_a_folder_with_something_else_is_not_touched(loop: Loop, tmp_path: pathlib.Path) -> None:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dp-", dir=scratch.folder()))
    try:
        (folder / "precious").write_text("data", encoding="utf-8")
        with pytest.raises(DataPlaneError, match="holds something that is not the local Neon's"):
            loop.run(DataPlane(folder, POSTGRES_HOME).start())
        assert (folder / "precious").read_text(encoding="utf-8") == "data"
    finally:
        shutil.rmtree(folder)
    with pytest.raises(DataPlaneError, match="too long a path for a unix socket"):
        loop.run(DataPlane(tmp_path / ("x" * 100), POSTGRES_HOME).start())


def test_missing_programs_are_named_and_nothing_is_left(loop: Loop, tmp_path: pathlib.Path) -> None:
    folder = runtime_folder()
    with pytest.raises(DataPlaneError, match=r"no PostgreSQL server at .*: bin/initdb is missing there"):
        loop.run(DataPlane(folder, tmp_path).start())
    assert not folder.exists()
    with pytest.raises(DataPlaneError, match="install the package pgbouncer"):
        loop.run(DataPlane(folder, POSTGRES_HOME, pgbouncer=tmp_path / "pgbouncer").start())
    assert not folder.exists()


def test_a_taken_port_is_named_and_nothing_is_left(loop: Loop, world: World) -> None:
    folder = runtime_folder()
    with pytest.raises(DataPlaneError, match=f"port {world.plane.port} of 127.0.0.1 or ::1 is in use"):
        loop.run(DataPlane(folder, POSTGRES_HOME, port=world.plane.port).start())
    assert not folder.exists()
    assert processes_below(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user, whom a folder can be closed to")
def test_programs_in_a_folder_that_only_root_may_enter_are_copied(loop: Loop, tmp_path: pathlib.Path) -> None:
    home = tmp_path / "closed" / "postgres"
    home.parent.mkdir(mode=0o700)
    shutil.copytree(POSTGRES_HOME, home, symlinks=True)
    plane = DataPlane(runtime_folder(), home)
    loop.run(plane.start())
    try:
        loop.run(plane.create_cluster("br-one-00000000", 17))
        loop.run(plane.create_role("br-one-00000000", OWNER, PASSWORD))
    finally:
        loop.run(plane.stop())


def test_what_initdb_made_serves_the_next_start(loop: Loop, tmp_path: pathlib.Path) -> None:
    cache = tmp_path / "cache"
    kept: list[tuple[pathlib.Path, int]] = []
    for _start in range(2):
        plane = DataPlane(runtime_folder(), POSTGRES_HOME, cache=cache)
        loop.run(plane.start())
        try:
            loop.run(plane.create_cluster("br-one-00000000", 17))
            loop.run(plane.create_role("br-one-00000000", OWNER, PASSWORD))
            loop.run(plane.create_database("br-one-00000000", DATABASE, OWNER))
        finally:
            loop.run(plane.stop())
        kept.append(next((path, path.stat().st_ctime_ns) for path in cache.iterdir()))
        # Nothing of a half-made copy, nothing that others could read, and nothing of the project that was made from it.
        assert list(cache.iterdir()) == [kept[0][0]]
        assert kept[0][0].stat().st_mode & 0o077 == 0
    assert kept[0] == kept[1]


def test_a_cache_that_cannot_be_written_to_costs_only_time(loop: Loop, tmp_path: pathlib.Path) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("precious", encoding="utf-8")
    plane = DataPlane(runtime_folder(), POSTGRES_HOME, cache=no_folder)
    loop.run(plane.start())
    loop.run(plane.stop())
    assert no_folder.read_text(encoding="utf-8") == "precious"


# --- helpers


def children_of(pid: int) -> list[int]:
    """The processes that ``pid`` has started and that have not been waited for."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def until(condition: t.Callable[[], bool]) -> bool:
    """Wait for something that must come; the test fails when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("waited in vain")
        time.sleep(0.01)
    return True


def scalar(connection: psycopg2.extensions.connection, statement: str) -> t.Any:
    """Run a statement on a connection of its own; return the only value of the only row."""
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        [(value,)] = cursor.fetchall()
        return value


def broken(connection: psycopg2.extensions.connection) -> bool:
    """Say whether a connection is of no use any more."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        return True
    return False


def processes_below(folder: pathlib.Path) -> list[int]:
    """Return the processes that work in a folder below ``folder`` or name it in their arguments, but for our own."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            arguments = (entry / "cmdline").read_bytes()
            if arguments.startswith(os.fsencode(sys.executable)):
                continue
            if os.fsencode(f"{folder}/") in arguments or working_folder(entry).startswith(f"{folder}/"):
                found.append(int(entry.name))
    return found


def working_folder(entry: pathlib.Path) -> str:
    """Return the working folder of a process, nothing for one that may not be looked into (it is none of ours)."""
    try:
        return str((entry / "cwd").readlink())
    except PermissionError:
        return ""


def environment_names(pid: int) -> set[str]:
    """Return the names of a process's variables; none when it has just ended."""
    try:
        content = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {os.fsdecode(entry.partition(b"=")[0]) for entry in content.split(b"\0") if b"=" in entry}


def shared_memory_segments() -> set[str]:
    """Return the identifiers of all System V shared memory that no process uses: what a killed server leaves."""
    lines = [line.split() for line in pathlib.Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]]
    return {fields[1] for fields in lines if fields[6] == "0"}
