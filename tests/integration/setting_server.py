# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of settings do to a server between them: take back what was set, reload, and let the module restart it."""

from __future__ import annotations

import contextlib
import subprocess
import time
import typing as t

from postgres_server import PostgresServer, running_server


def take_back(server: PostgresServer) -> None:
    """Reset all settings of the server, of the database shop and of the role shop_readonly."""
    with server.superuser() as cursor:
        cursor.execute("ALTER DATABASE shop RESET ALL; ALTER ROLE shop_readonly RESET ALL; ALTER ROLE shop_readonly IN DATABASE shop RESET ALL")
        cursor.execute("ALTER SYSTEM RESET ALL")
        reload(cursor)


def reload(cursor: t.Any) -> None:
    """Reload the configuration, and wait until it is in force."""
    cursor.execute("SELECT pg_conf_load_time(), pg_reload_conf()")
    before = after = cursor.fetchone()[0]
    while after == before:
        cursor.execute("SELECT pg_conf_load_time()")
        after = cursor.fetchone()[0]


@contextlib.contextmanager
def restartable_server(major: int = 17, **options: t.Any) -> t.Iterator[PostgresServer]:
    """Run a server that :func:`restarting` may restart."""
    with running_server(major, **options) as running:
        try:
            yield running
        finally:
            # What pg_ctl has started is no child of the test.
            subprocess.run(controlled(running, "stop", "-m", "fast"), capture_output=True, check=False)


def controlled(server: PostgresServer, *arguments: str) -> list[str]:
    """Return a command of pg_ctl for a server."""
    data = server.folder / "data"
    return server.as_user([str(server.home / "bin" / "pg_ctl"), "-w", "-s", "-D", str(data), "-l", str(data / "restart.log"), *arguments])


def restarting(server: PostgresServer) -> dict[str, t.Any]:
    """The options of a restart that is allowed now, by the server's own program: postgres runs without a service manager here."""
    begin, end = (time.strftime("%H:%M", time.gmtime(time.time() + hours * 3600)) for hours in (-1, 1))
    window = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "start_time": begin, "end_time": end}
    return {"restart": "allowed", "restart_command": controlled(server, "restart"), "maintenance_window": window}
