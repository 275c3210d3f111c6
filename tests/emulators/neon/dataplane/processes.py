# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Child processes: short commands, and servers that end with us.

Every process is started from the thread that runs the event loop: the kernel sends the death signal when that *thread* ends.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import typing as t

from .errors import DataPlaneError
from .server_user import ServerUser

# Nothing of our own environment reaches a child: no key of a provider, no PG* variable that would change what a server does.
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "GMT"}


async def run(argv: list[str], user: ServerUser, *, purpose: str) -> str:
    """Run a command to its end as ``user`` and return what it wrote.

    Raises DataPlaneError with ``purpose`` and the end of the command's messages when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *user.command(argv, death_signal="KILL"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
    )
    try:
        output, _ = await process.communicate()
    except BaseException:
        # Cancelled: a command that goes on alone would write into folders that are being removed.
        if process.returncode is None:
            process.kill()
        raise
    text = output.decode("utf-8", "replace")
    if process.returncode != 0:
        raise DataPlaneError(f"{purpose} failed ({pathlib.Path(argv[0]).name} ended with {process.returncode}): {last_lines(text)}")
    return text


def last_lines(text: str, count: int = 5) -> str:
    """Return the last non-empty lines of ``text`` as one line for an error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "(no message)"


class Server:
    """One running server process and its log file."""

    def __init__(self, process: asyncio.subprocess.Process, log_file: pathlib.Path, log_start: int) -> None:
        self._process = process
        self._log_file = log_file
        self._log_start = log_start

    @classmethod
    async def spawn(cls, argv: list[str], user: ServerUser, folder: pathlib.Path, log_name: str, *, death_signal: str) -> t.Self:
        """Start ``argv`` as ``user`` in ``folder``; what it writes is appended to ``log_name`` there, readable by us only."""
        log_file = folder / log_name
        descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            log_start = os.fstat(descriptor).st_size
            process = await asyncio.create_subprocess_exec(
                *user.command(argv, death_signal=death_signal),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=folder,
                env=_ENVIRONMENT,
                # Ctrl-C in the terminal reaches the foreground group: we end the servers ourselves, in order.
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        return cls(process, log_file, log_start)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended. The kernel is asked: the event loop notices an end only some time later."""
        if self._process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            # The loop's watcher took its result already and is about to tell.
            return False

    def log_tail(self, count: int = 5) -> str:
        """Return the last ``count`` lines this process wrote, as one."""
        with self._log_file.open("rb") as file:
            file.seek(self._log_start)
            return last_lines(file.read().decode("utf-8", "replace"), count)

    async def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the end of the process; say whether it has ended."""
        try:
            await asyncio.wait_for(self._process.wait(), timeout)
        except TimeoutError:
            return False
        return True

    async def stop(self, *signals: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn, with that many seconds to end, and at last SIGKILL."""
        for number, patience in signals:
            if self._process.returncode is not None:
                return
            self._send(number)
            if await self.wait(patience):
                return
        self._send(signal.SIGKILL)
        await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            # It ended by itself a moment ago.
            return
