# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs, and who holds a lock, in data and in words. Pure but for :func:`this_run` and :func:`start_time`."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import pwd
import socket
import typing as t

#: PostgreSQL keeps this many bytes of an application_name (NAMEDATALEN - 1).
APPLICATION_NAME_BYTES = 63
APPLICATION_NAME_PREFIX = "dbinfra.postgres lock "


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of ansible-playbook.

    :param pid: its main process.
    :param started: when that process started, in the kernel's own measure, so that a reused pid is another run. Empty where unknown.
    :param since: when the lock was taken, ISO 8601 in UTC.
    :param playbook: what it runs, as it was called.
    """

    pid: int
    started: str
    user: str
    host: str
    since: str
    playbook: str

    def same_as(self, other: Run) -> bool:
        """Return whether both are one run; the time of taking does not count."""
        return (self.pid, self.started, self.host) == (other.pid, other.started, other.host)

    def describe(self) -> str:
        """Return the run in words."""
        return f"{self.user}@{self.host} runs {self.playbook} as process {self.pid} since {self.since}"

    def application_name(self) -> str:
        """Return what ``pg_stat_activity`` shows of this run, cut to what PostgreSQL keeps."""
        return f"{APPLICATION_NAME_PREFIX}{self.user}@{self.host}:{self.pid} {self.since}".encode("ascii", "replace")[:APPLICATION_NAME_BYTES].decode(
            "ascii"
        )


@dataclasses.dataclass(frozen=True)
class Description:
    """What stands in a lock file.

    :param run: who holds it.
    :param session: for a lock in a server: ``connecting``, ``held``, or ``lost`` (the connection broke and the lock could not be taken again
        yet); empty for a file.
    :param note: what happened to the session, for people.
    """

    run: Run
    session: str = ""
    note: str = ""


def load_description(text: str) -> Description | None:
    """Return what a lock file says, None if it says nothing (yet) or was written by something else."""
    try:
        content = json.loads(text)
        run = content["run"]
        texts = {name: str(run[name]) for name in ("started", "user", "host", "since", "playbook")}
        return Description(Run(pid=int(run["pid"]), **texts), str(content["session"]), str(content["note"]))
    except (ValueError, TypeError, KeyError):
        return None


def start_time(pid: int) -> str:
    """Return when a process started (clock ticks since boot, with the boot's id), an empty text where the system does not say.

    Source: proc_pid_stat(5), field 22; the fields are counted behind the command's closing parenthesis, as it may hold anything.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat_file:
            fields = stat_file.read().rpartition(")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_file:
            return f"{fields[19]}/{boot_file.read().strip()}"
    except (OSError, IndexError):
        return ""


def this_run(pid: int, playbooks: t.Sequence[str]) -> Run:
    """Return the description of the run whose main process has this pid."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # An arbitrary uid, as in a container.
        user = f"uid {os.getuid()}"
    return Run(
        pid=pid,
        started=start_time(pid),
        user=user,
        host=socket.gethostname(),
        since=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        playbook=", ".join(playbooks) or "an ad-hoc task",
    )
