# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A throw-away PostgreSQL server with TLS, and an owner role that looks exactly like one that Neon's API made."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t

import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from emulators import scratch

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SUPERUSER_PASSWORD = "the superuser of a test"
OWNER = "shop_owner"
OWNER_PASSWORD = "the owner of a test"
DATABASE = "shop"

# What Neon's API does for every role it makes, and what its neon_superuser is (knowledge of November 2026).
_NEON_LIKE = f"""
CREATE ROLE neon_superuser NOLOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS;
GRANT pg_read_all_data, pg_write_all_data TO neon_superuser;
GRANT pg_monitor TO neon_superuser WITH ADMIN OPTION;
CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB BYPASSRLS REPLICATION PASSWORD '{OWNER_PASSWORD}';
GRANT neon_superuser TO {OWNER};
CREATE ROLE api_made LOGIN CREATEROLE CREATEDB BYPASSRLS REPLICATION PASSWORD 'made through the API';
GRANT neon_superuser TO api_made;
"""


def postgres_home(major: int = 17) -> pathlib.Path:
    """Return the folder with the server's programs.

    :raises AssertionError: if set-up has not brought them.
    """
    home = pathlib.Path(os.environ.get(f"DBINFRA_POSTGRES_HOME_{major}") or CHECKOUT / ".cache" / f"postgres-{major}")
    assert (home / "bin" / "initdb").exists(), f"no PostgreSQL {major} in {home}: run `make setup`"
    return home


class PostgresServer:
    """One running server in a folder of its own."""

    def __init__(
        self, folder: pathlib.Path, home: pathlib.Path, options: t.Mapping[str, str] | None = None, settings: t.Mapping[str, str] | None = None
    ) -> None:
        """:param options: settings on the server's command line; ``settings`` go into postgresql.conf."""
        self.folder = folder
        self.home = home
        self.options = dict(options or {})
        self.settings = dict(settings or {})
        self.port = _free_port()
        self.log_file = folder / "server.log"
        self.ca_file = folder / "ca.pem"
        self.other_ca_file = folder / "other-ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None

    def start(self) -> None:
        """Make the cluster, start the server, make the owner and its database."""
        self._make_certificates()
        password_file = self.folder / "password"
        password_file.write_text(SUPERUSER_PASSWORD + "\n", encoding="utf-8")
        self._hand_over()
        data = self.folder / "data"
        initdb = [str(self.home / "bin" / "initdb"), "-D", str(data), "-U", "cloud_admin", "-A", "scram-sha-256", f"--pwfile={password_file}"]
        done = subprocess.run(self.as_user([*initdb, "-E", "UTF8", "--no-locale", "--no-sync"]), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        password_file.unlink()
        (data / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n", encoding="utf-8")
        settings = {
            "port": str(self.port),
            "listen_addresses": "localhost",
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.pem"),
            "ssl_key_file": str(self.folder / "server.key"),
            "fsync": "off",
            "log_statement": "ddl",
            "shared_preload_libraries": "pg_stat_statements",
            "superuser_reserved_connections": "7",
            **self.settings,
        }
        with (data / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.run()
        with self.superuser() as cursor:
            cursor.execute(_NEON_LIKE)
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def run(self) -> None:
        """Start the server process and wait until it answers."""
        arguments = [str(self.home / "bin" / "postgres"), "-D", str(self.folder / "data")]
        for name, value in self.options.items():
            arguments += ["-c", f"{name}={value}"]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self.as_user(arguments), stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg2.connect(**self.parameters("cloud_admin", SUPERUSER_PASSWORD, "postgres")).close()
                return
            except psycopg2.OperationalError:
                assert self._process.poll() is None and time.monotonic() < deadline, self.log()
                time.sleep(0.05)

    def stop(self) -> None:
        """End the server (fast shutdown) and wait for it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(timeout=30)
            self._process = None

    def log(self) -> str:
        """Return the server's log."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def changes_logged(self) -> list[str]:
        """Return the statements that changed something, as the server logged them (log_statement = ddl)."""
        return [line.split("statement: ", 1)[1] for line in self.log().splitlines() if "LOG:  statement: " in line]

    def parameters(self, user: str, password: str, database: str = DATABASE) -> dict[str, t.Any]:
        """Return libpq's key words for a verified connection."""
        return {
            "host": "localhost",
            "port": self.port,
            "user": user,
            "password": password,
            "dbname": database,
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca_file),
        }

    @contextlib.contextmanager
    def connect(self, user: str, password: str, database: str = DATABASE) -> t.Iterator[t.Any]:
        """Open a session in autocommit mode and hand out a cursor."""
        connection = psycopg2.connect(**self.parameters(user, password, database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def superuser(self, database: str = "postgres") -> contextlib.AbstractContextManager[t.Any]:
        """Open a session as the server's superuser."""
        return self.connect("cloud_admin", SUPERUSER_PASSWORD, database)

    def owner(self, database: str = DATABASE) -> contextlib.AbstractContextManager[t.Any]:
        """Open a session as the owner."""
        return self.connect(OWNER, OWNER_PASSWORD, database)

    def login(self, database: str = DATABASE, **changes: t.Any) -> dict[str, t.Any]:
        """Return the ``login`` option of the modules."""
        connection = {
            "provider": "neon",
            "exists": True,
            "project_id": "quiet-sea-1",
            "branch_id": "br-one-1",
            "login_host": "localhost",
            "login_port": self.port,
            "login_user": OWNER,
            "login_db": database,
            "ssl_mode": "verify-full",
            "ca_cert": str(self.ca_file),
            "server_major": int(self.home.name.rsplit("-", 1)[-1]) if self.home.name.startswith("postgres-") else None,
        }
        return {**connection, **changes}

    def as_user(self, arguments: list[str]) -> list[str]:
        """Return a command that runs as the server's user: no program of PostgreSQL's runs as root."""
        if self._user is None:
            return arguments
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups", *arguments]

    def _hand_over(self) -> None:
        if self._user is None:
            return
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _make_certificates(self) -> None:
        authority, authority_key = _authority("test CA")
        other, other_key = _authority("another CA")
        assert other_key is not authority_key
        self.ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        self.other_ca_file.write_bytes(other.public_bytes(serialization.Encoding.PEM))
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            certificate_builder("localhost", authority.subject, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("ep-one-pooler.localhost")]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        (self.folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_file = self.folder / "server.key"
        key_file.touch(mode=0o600)
        key_file.write_bytes(pem)


def certificate_builder(name: str, issuer: x509.Name | None, key: t.Any) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


def _authority(name: str) -> tuple[x509.Certificate, t.Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = certificate_builder(name, None, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((str(ipaddress.IPv4Address("127.0.0.1")), 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running_server(major: int = 17, **options: t.Any) -> t.Iterator[PostgresServer]:
    """Run a server for the time of a ``with`` block and leave nothing behind."""
    # Not pytest's folder: the server's user must be able to enter it.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dbinfra-pg-", dir=scratch.folder()))
    folder.chmod(0o755)
    home = postgres_home(major)
    if os.getuid() == 0 and not _others_may_enter(home):
        copy = folder / f"postgres-{major}"
        shutil.copytree(home, copy, symlinks=True)
        home = copy
    server = PostgresServer(folder, home, **options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _others_may_enter(home: pathlib.Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (home, *home.parents))
