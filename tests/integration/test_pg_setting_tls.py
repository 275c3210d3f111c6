# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pg_setting and the files of TLS: what does not fit is refused, and what was configured is in use or the run fails."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
import typing as t

import psycopg2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ansible_collections.dbinfra.postgres.plugins.modules import pg_setting

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from module_runner import run_module
from postgres_server import OWNER_PASSWORD, SUPERUSER_PASSWORD, PostgresServer, certificate_builder, running_server
from setting_server import reload


@pytest.fixture(scope="module")
def server() -> t.Iterator[PostgresServer]:
    with running_server() as running:
        yield running


@contextlib.contextmanager
def superuser(server: PostgresServer) -> t.Iterator[t.Any]:
    """Open a session whatever certificate the server presents."""
    parameters = {**server.parameters("cloud_admin", SUPERUSER_PASSWORD), "sslmode": "require"}
    del parameters["sslrootcert"]
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def fresh_files(server: PostgresServer) -> t.Iterator[None]:
    yield
    with superuser(server) as cursor:
        cursor.execute("ALTER SYSTEM RESET ALL")
        reload(cursor)


def new_pair(server: PostgresServer, mode: int = 0o600) -> list[dict[str, t.Any]]:
    """Put a new certificate that nobody has signed, and its key, beside the server's; return the settings with them."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certificate_builder("localhost", None, key).sign(key, hashes.SHA256())
    contents = {
        "new.pem": certificate.public_bytes(Encoding.PEM),
        "new.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    owner = (server.folder / "data").stat()
    for name, content in contents.items():
        path = server.folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(mode)
    return [{"name": "ssl_cert_file", "value": str(server.folder / "new.pem")}, {"name": "ssl_key_file", "value": str(server.folder / "new.key")}]


def ask(server: PostgresServer, settings: list[dict[str, t.Any]], check: bool = False, **login: t.Any) -> dict[str, t.Any]:
    # The new certificate is nobody's, so it is not verified.
    connection = server.login(**{"login_user": "cloud_admin", "provider": "self_hosted", "ssl_mode": "require", "ca_cert": None, **login})
    password = OWNER_PASSWORD if "login_user" in login else SUPERUSER_PASSWORD
    result = run_module(pg_setting, {"login": connection, "login_password": password, "settings": settings}, check=check)
    assert "PRIVATE KEY" not in str(result)
    return result


def configured(server: PostgresServer) -> str:
    return (server.folder / "data" / "postgresql.auto.conf").read_text(encoding="utf-8")


def test_a_new_pair_is_taken_and_proven(server: PostgresServer) -> None:
    settings = new_pair(server)
    checked, real, again = ask(server, settings, check=True), ask(server, settings), ask(server, settings)
    for result in (checked, real, again):
        assert not result.get("failed") and result["warnings"] == [], result
    assert (checked["changed"], real["changed"], again["changed"]) == (True, True, False)
    assert "SSL configuration was not reloaded" not in server.log()
    assert "could not receive data from client" not in server.log(), "the look at the certificate leaves nothing in the log"


@pytest.mark.parametrize("which", [0, 1])
def test_half_of_a_pair_is_refused_before_anything_is_written(server: PostgresServer, which: int) -> None:
    before = configured(server)
    (half,) = new_pair(server)[which : which + 1]
    for check in (True, False):
        result = ask(server, [half], check=check)
        assert result["failed"] and f"option settings, {half['name']}: the server would not start with ssl = on (configured)" in result["msg"]
        assert 'could not load private key file "' in result["msg"] and "the private key is not the certificate's" in result["msg"]
    assert configured(server) == before


def test_a_key_that_others_may_read_is_found_by_what_the_server_presents(server: PostgresServer) -> None:
    """No SQL shows the mode of a file. The server refuses the key in its log, and goes on with the former pair."""
    settings = new_pair(server, mode=0o644)
    result = ask(server, settings)
    assert result["failed"] and "the server did not take the certificate in" in result["msg"] and "it presents another certificate" in result["msg"]
    assert "has group or world access" in server.log()
    for check in (True, False):
        later = ask(server, settings, check=check)
        assert later["changed"] is False and "the server does not use the certificate in" in str(later["warnings"])
    (server.folder / "new.key").chmod(0o600)
    with superuser(server) as cursor:
        reload(cursor)
    assert ask(server, settings)["warnings"] == [], "what is declared is in use"


def test_who_is_no_superuser_is_told_that_nothing_was_looked_at(server: PostgresServer) -> None:
    with superuser(server) as cursor:
        cursor.execute("GRANT ALTER SYSTEM ON PARAMETER ssl_key_file TO shop_owner")
        cursor.execute("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO shop_owner; GRANT SELECT ON pg_file_settings TO shop_owner")
        cursor.execute("GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO shop_owner")
    result = ask(server, new_pair(server)[1:], check=True, login_user="shop_owner")
    assert not result.get("failed"), result["msg"]
    assert [text for text in result["warnings"] if "shop_owner is no superuser" in text and "a reload keeps the former ones" in text]
