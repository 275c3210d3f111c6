# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project of a local Neon with its ids, and clients for its databases."""

from __future__ import annotations

import itertools
import time

import psycopg2

NUMBERS = itertools.count(1)


def connect(neon, uri, **options):
    """A connection with the strict TLS settings a careful client uses."""
    connection = psycopg2.connect(uri, sslmode="verify-full", sslrootcert=neon.ca_file, connect_timeout=30, **options)
    connection.autocommit = True
    return connection


def query(neon, uri, statement, **options):
    """The rows of one statement on a connection of its own."""
    connection = connect(neon, uri, **options)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def refusal(neon, uri, **options):
    """Why a connection is refused; empty if it is not."""
    try:
        connect(neon, uri, **options).close()
    except psycopg2.OperationalError as error:
        return str(error)
    return ""


class Project:
    """A project with its ids, and short ways to what tests need from it."""

    def __init__(self, neon, **fields):
        self.neon = neon
        self.created = neon.post("/projects", {"project": {"name": f"test-{next(NUMBERS)}", **fields}})
        self.id = self.created["project"]["id"]
        self.path = f"/projects/{self.id}"
        self.branch = f"{self.path}/branches/{self.created['branch']['id']}"
        self.endpoint = f"{self.path}/endpoints/{self.created['endpoints'][0]['id']}"

    def uri(self, branch="", *, role="neondb_owner", database="neondb", pooled=False):
        """The connection string of a branch (the default one if not named)."""
        query_text = f"database_name={database}&role_name={role}&pooled={str(pooled).lower()}"
        if branch:
            query_text += f"&branch_id={branch.rsplit('/', 1)[1]}"
        return self.neon.get(f"{self.path}/connection_uri?{query_text}")["uri"]

    def add_branch(self, name, *, endpoint=True, **fields):
        """A new branch: the path of it."""
        body = {"branch": {"name": name, **fields}, "endpoints": [{"type": "read_write"}] if endpoint else []}
        return f"{self.path}/branches/{self.neon.post(f'{self.path}/branches', body)['branch']['id']}"

    def refused(self, method, path, status, *words, body=None):
        """The call is refused with that status and a message that holds the words."""
        while _is_busy(answer := self.neon.call(method, path, body)) and (status != 423 or not all(word in answer.body["message"] for word in words)):
            time.sleep(0.05)
        assert answer.status == status, answer
        assert answer.body.keys() == {"request_id", "code", "message"}
        for word in words:
            assert word in answer.body["message"]


def _is_busy(answer):
    """Work that the clock has set off locks the project (an idle compute is suspended, say), which is another 423 than that of a quota."""
    return answer.status == 423 and "has running conflicting operations" in answer.body["message"]


def eventually(condition, *, patience=60.0):
    """The first true value of ``condition()``, which must come."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"it never came: {condition}"
        time.sleep(0.05)
    return value
