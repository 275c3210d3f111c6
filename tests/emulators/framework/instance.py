# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running emulator and the traces it leaves: the folder with its record, the lock that tells whether it lives, its clean-up.

The lock on ``<directory>/lock`` is held by the serving process for as long as it lives, whatever kills it. That is a better sign of life
than a process id, which may belong to somebody else by now.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FILES = ("env", "instance.json", "log", "lock")


class InstanceError(Exception):
    """Something the person at the command line can act on; the text is the whole message."""


@dataclass(frozen=True)
class InstanceRecord:
    """What the serving process writes down about itself before it starts any child.

    :param pid: its process id.
    :param port: port of the API on 127.0.0.1; 0 until it listens.
    :param runtime_dir: folder that it creates and removes.
    :param ready: whether it answers requests.
    """

    pid: int
    port: int
    runtime_dir: str
    ready: bool


class Instance:
    """The instance that lives in ``directory``.

    :param release: called with the runtime folder of a killed process before it is removed, to give back what a folder's removal does
        not (shared memory, for instance).
    """

    def __init__(self, directory: Path, release: Callable[[Path], None] | None = None) -> None:
        self._release = release
        self.directory = directory.absolute()
        self.env_file = self.directory / "env"
        self.log_file = self.directory / "log"
        self._record_file = self.directory / "instance.json"
        self._lock_file = self.directory / "lock"

    def create_directory(self) -> None:
        """Create the folder for its owner only; an existing folder must belong to the caller.

        :raises InstanceError: if the folder belongs to somebody else or is no folder.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        info = self.directory.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
            raise InstanceError(f"{self.directory} is not a folder of this user; choose another one")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock: the caller is the serving process.

        :raises InstanceError: if another process holds it.
        """
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InstanceError(f"another emulator already runs in {self.directory}; stop it or choose another folder") from None
            yield
        finally:
            os.close(descriptor)

    def alive(self) -> bool:
        """Whether a serving process holds the lock."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def write_record(self, record: InstanceRecord) -> None:
        """Write the record, whole or not at all."""
        self._write(self._record_file, json.dumps(asdict(record)) + "\n")

    def record(self) -> InstanceRecord | None:
        """The record of the process that serves, or served last; None if there is none."""
        try:
            return InstanceRecord(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write_env(self, variables: dict[str, str]) -> None:
        """Write the variables a client needs, one ``NAME=value`` per line, readable by the owner only."""
        self._write(self.env_file, "".join(f"{name}={value}\n" for name, value in variables.items()))

    def forget(self) -> None:
        """The serving process has ended cleanly: remove what only a running one has. The log stays."""
        self.env_file.unlink(missing_ok=True)
        self._record_file.unlink(missing_ok=True)

    def read_env(self) -> dict[str, str]:
        """The variables of a ready instance."""
        return dict(line.split("=", 1) for line in self.env_file.read_text(encoding="utf-8").splitlines())

    def _write(self, path: Path, text: str) -> None:
        temporary = path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)

    def start(self, command: list[str], timeout: float = 30.0) -> bool:
        """Run ``command`` (the serving process) in the background until it is ready.

        Leftovers of a killed predecessor are removed first.

        :param timeout: seconds to wait.
        :return: False if an instance was running already.
        :raises InstanceError: if it ends or is not ready in time; the end of its log is in the message.
        """
        if self.alive():
            return False
        self.create_directory()
        self.remove_leftovers()
        with os.fdopen(os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            record = self.record()
            if record is not None and record.pid == process.pid and record.ready:
                return True
            if process.poll() is not None:
                tail = self.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
                self._remove_traces()
                raise InstanceError("the emulator did not start: " + " / ".join(tail))
            time.sleep(0.02)
        self.stop()
        raise InstanceError(f"the emulator was not ready within {timeout:g} s and has been stopped")

    def stop(self, timeout: float = 30.0) -> bool:
        """End the serving process and remove every trace of it, also after it was killed.

        :param timeout: seconds it may take to end by itself before it is killed.
        :return: whether anything was running.
        """
        record = self.record()
        running = self.alive()
        if running and record is not None:
            self._signal(record.pid, signal.SIGTERM)
            if not self._wait_dead(timeout):
                self._signal(record.pid, signal.SIGKILL)
                if not self._wait_dead(5.0):
                    raise InstanceError(f"process {record.pid} does not end; nothing was removed from {self.directory}")
        elif running:
            raise InstanceError(f"an emulator is just starting in {self.directory}; try again")
        self._remove_traces()
        return running

    def _wait_dead(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    @staticmethod
    def _signal(pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _remove_traces(self) -> None:
        self.remove_leftovers()
        for name in FILES:
            (self.directory / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not ours alone: somebody else's files stay, and so does the folder
            self.directory.rmdir()

    def remove_leftovers(self) -> None:
        """End the children of a killed process and remove its folder. The lock is free, so nobody uses them."""
        record = self.record()
        if record is None:
            return
        folder = Path(record.runtime_dir)
        if folder.exists() and self._release is not None:
            self._release(folder)
        for pid in processes_using(folder):
            self._signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5.0
        while processes_using(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        if folder.exists():
            shutil.rmtree(folder)
        self._record_file.unlink(missing_ok=True)


def processes_using(folder: Path) -> list[int]:
    """Ids of the processes whose working directory or command line lies below ``folder``, without the caller's."""
    found = []
    prefix = str(folder) + "/"
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            directory = f"{(entry / 'cwd').readlink()}/"
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone meanwhile, or another user's
        if directory.startswith(prefix) or any(argument.startswith(prefix) or f"={prefix}" in argument for argument in arguments):
            found.append(int(entry.name))
    return found
