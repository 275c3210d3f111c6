# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a database is reached: the ``connection`` that the PostgreSQL modules take as ``login``. Pure, but for one look for CA files."""

from __future__ import annotations

import dataclasses
import os
import typing as t
import urllib.parse

from .._core.errors import InputError, ProviderError
from .records import pooled_host_of

# Debian and its kin, Red Hat and its kin, Alpine. Neon's chain ends in ISRG Root X1, which all of them trust.
SYSTEM_CA_FILES: t.Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_DEFAULT_PORT: t.Final = 5432
# libpq 16 and newer read this word as "the system's store"; older ones look for a file of that name.
_SYSTEM_WORD: t.Final = "system"


@dataclasses.dataclass(frozen=True)
class Reach:
    """Where a role of a database is reached."""

    host: str
    port: int
    user: str
    database: str


@dataclasses.dataclass(frozen=True)
class StandIn:
    """Where the original of a database is reached that exists only as the prediction of a copy."""

    reach: Reach
    branch_id: str

    def facts(self) -> dict[str, t.Any]:
        """Return it as a part of the ``connection``."""
        reach = self.reach
        return {
            "login_host": reach.host,
            "login_port": reach.port,
            "login_user": reach.user,
            "login_db": reach.database,
            "branch_id": self.branch_id,
        }


def reach_from_uri(uri: str, *, user: str, database: str, hosts: t.Collection[str]) -> Reach:
    """Read a connection URI and check that it leads where it was asked to. The password is dropped.

    :param hosts: the direct hosts of the branch's computes; the URI has to name one of these endpoints.
    :raises ProviderError: if the URI leads elsewhere. Its text never stands in the error.
    """
    where = "Neon's connection_uri"
    try:
        parts = urllib.parse.urlsplit(uri)
        found_host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        raise _wrong("it cannot be read", where) from None
    if parts.scheme not in ("postgresql", "postgres") or not found_host:
        raise _wrong("it is no PostgreSQL URI with a host", where)
    found_user = urllib.parse.unquote(parts.username or "")
    found_database = urllib.parse.unquote(parts.path.lstrip("/"))
    if found_user != user:
        raise _wrong(f"it is for role {found_user!r} although {user!r} was asked for", where)
    if found_database != database:
        raise _wrong(f"it is for database {found_database!r} although {database!r} was asked for", where)
    # Host names of one endpoint come in more than one form (with and without a cell label); the first label is the endpoint.
    if found_host.split(".")[0] not in {host.lower().split(".")[0] for host in hosts}:
        belongs = f"the branch's compute is {' or '.join(sorted(hosts))}" if hosts else "the branch has no compute"
        raise _wrong(f"it leads to {found_host} although {belongs}", where)
    return Reach(found_host, port, user, database)


def ca_certificate(ca_file: str | None, *, ssl_mode: str, is_file: t.Callable[[str], bool] = os.path.isfile) -> str | None:
    """Return the CA file that connections trust: the declared one, or else the system's.

    :raises InputError: if it does not exist, or there is none and the mode needs one.
    """
    if ca_file:
        if ca_file == _SYSTEM_WORD or is_file(ca_file):
            return ca_file
        raise InputError(
            f"the file {ca_file} does not exist",
            where="option ca_file (environment variable PGSSLROOTCERT)",
            remedy="Name a PEM file with the CA certificates that the database's server certificate is to be checked against",
        )
    for candidate in SYSTEM_CA_FILES:
        if is_file(candidate):
            return candidate
    if ssl_mode == "require":
        return None
    raise InputError(
        f"there is no CA file for ssl_mode {ssl_mode}",
        where="option ca_file (environment variable PGSSLROOTCERT)",
        why=f"None of {', '.join(SYSTEM_CA_FILES)} exists",
        remedy="Install the system's CA certificates (package ca-certificates) or name a PEM file",
    )


def connection(
    reach: Reach | None,
    *,
    project_id: str | None,
    branch_id: str | None,
    user: str | None,
    database: str,
    ssl_mode: str,
    ca_cert: str | None,
    server_major: int | None,
    stand_in: StandIn | None = None,
) -> dict[str, t.Any]:
    """Return the connection; without ``reach`` the one of a database that does not exist yet, maybe with a ``stand_in`` to plan against."""
    return {
        "provider": "neon",
        "exists": reach is not None,
        "project_id": project_id,
        "branch_id": branch_id,
        "login_host": reach.host if reach else None,
        "login_port": reach.port if reach else None,
        "login_user": reach.user if reach else user,
        "login_db": database,
        "pooled_host": pooled_host_of(reach.host) if reach else None,
        # Neon's proxy serves the pooled and the direct host on the same port.
        "pooled_port": reach.port if reach else None,
        "ssl_mode": ssl_mode,
        "ca_cert": ca_cert,
        "server_major": server_major,
        "stand_in": stand_in.facts() if stand_in else None,
    }


def _wrong(what: str, where: str) -> ProviderError:
    return ProviderError(
        f"the answer is not what was asked for: {what}",
        where=where,
        why="Connecting there could hit another branch",
        remedy="Nothing was connected to. Run again; if it stays, report it to Neon's support",
    )
