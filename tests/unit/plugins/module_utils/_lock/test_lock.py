# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock file and its holder, without Ansible: what is said, what is refused, what happens at the end of the watched process."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._lock import holder, identity, starter
from ansible_collections.dbinfra.postgres.plugins.module_utils._lock.identity import Description, Run

RUN = Run(pid=4711, started="12/boot", user="ada", host="ctl1", since="2026-11-23T11:05:00Z", playbook="site.yml")


class Main:
    """A process that stands for ansible-playbook's main process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.run = identity.this_run(self.process.pid, ["site.yml"])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def mains() -> t.Iterator[t.Callable[[], Main]]:
    started: list[Main] = []

    def start() -> Main:
        started.append(Main())
        return started[-1]

    yield start
    for main in started:
        main.kill()


def eventually(condition: t.Callable[[], bool], what: str) -> None:
    """Wait for something that must happen; the bound only ends a broken test."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def free(path: str) -> bool:
    lock = holder.LockFile(path)
    taken = lock.take()
    os.close(lock._descriptor)
    return taken


def test_a_description_survives_the_file(tmp_path: pathlib.Path) -> None:
    description = Description(RUN, "held", "a note")
    lock = holder.LockFile(str(tmp_path / "shop.lock"))
    lock.write(dataclasses.asdict(description))
    assert identity.load_description(lock.read()) == description
    os.close(lock._descriptor)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": 5}', '{"run": {"pid": "x"}}', "null"])
def test_a_file_that_says_nothing(text: str) -> None:
    assert identity.load_description(text) is None


def test_what_is_one_run() -> None:
    assert RUN.same_as(dataclasses.replace(RUN, since="later", playbook="other.yml"))
    assert not RUN.same_as(dataclasses.replace(RUN, started="13/boot")), "a reused pid is another run"
    assert not RUN.same_as(dataclasses.replace(RUN, host="ctl2"))


def test_words_and_the_application_name() -> None:
    assert RUN.describe() == "ada@ctl1 runs site.yml as process 4711 since 2026-11-23T11:05:00Z"
    assert RUN.application_name() == "dbinfra.postgres lock ada@ctl1:4711 2026-11-23T11:05:00Z"
    long = dataclasses.replace(RUN, host="é" * 100).application_name()
    assert len(long.encode()) == 63


def test_this_process_has_a_start_time_and_a_missing_one_has_none() -> None:
    assert identity.start_time(os.getpid())
    assert identity.start_time(os.getpid()) == identity.start_time(os.getpid())
    assert identity.start_time(2**22 + 1) == ""


def test_names_become_files() -> None:
    assert starter.lock_file("/l", "shop-staging") == "/l/shop-staging.lock"
    assert starter.lock_file("/l", "../my shop") == "/l/..%2Fmy%20shop.lock"
    one = starter.lock_file("/l", "shop", starter.ServerSession({}, "a@h:1/d"))
    other = starter.lock_file("/l", "shop", starter.ServerSession({}, "a@h:2/d"))
    assert len({one, other, "/l/shop.lock"}) == 3
    for name in ("", " "):
        with pytest.raises(InputError, match="the name of the lock is empty"):
            starter.lock_file("/l", name)


@pytest.mark.parametrize("name", ["x" * 201, "é" * 40, "店" * 255 + "-staging"])
def test_a_long_name_has_a_file_that_fits_and_is_its_own(tmp_path: pathlib.Path, name: str) -> None:
    session = starter.ServerSession({}, "a@h:1/d")
    files = {starter.lock_file(str(tmp_path), each, where) for each in (name, name + "x", "y" + name) for where in (None, session)}
    assert len(files) == 6
    for file in files:
        pathlib.Path(file).touch()
    assert starter.lock_file(str(tmp_path), name) in files


def test_the_key_is_a_bigint_and_differs_by_name() -> None:
    keys = {starter.lock_key(f"shop-{number}") for number in range(200)}
    assert len(keys) == 200
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert any(key < 0 for key in keys)


@pytest.mark.parametrize("pidfd", [True, False], ids=["pidfd", "process table"])
def test_the_end_of_a_killed_process_is_noticed_even_while_nobody_has_reaped_it(pidfd: bool, mains: t.Callable[[], Main]) -> None:
    main = mains()
    descriptor = os.pidfd_open(main.run.pid) if pidfd else None
    ended = threading.Event()

    def watch() -> None:
        holder.wait_for_end(main.run.pid, descriptor, main.run.started, interval=0.01)
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    assert not ended.wait(0.2)
    os.kill(main.run.pid, signal.SIGKILL)
    assert ended.wait(60)
    if descriptor is not None:
        os.close(descriptor)


def test_a_reused_pid_is_not_waited_for() -> None:
    holder.wait_for_end(os.getpid(), None, "1/boot", interval=0.01)


def test_one_run_at_a_time(tmp_path: pathlib.Path, mains: t.Callable[[], Main]) -> None:
    path = str(tmp_path / "shop.lock")
    first, second = mains(), mains()
    assert starter.take("shop", path, first.run, None, 30) == Description(first.run)
    assert stat.S_IMODE(pathlib.Path(path).stat().st_mode) == 0o600
    assert starter.take("shop", path, first.run, None, 30).run == first.run, "the same run may take it again"
    with pytest.raises(starter.LockHeldError) as caught:
        starter.take("shop", path, second.run, None, 30)
    text = caught.value.message()
    for part in (first.run.user, first.run.host, str(first.run.pid), first.run.since, "site.yml"):
        assert part in text
    assert caught.value.details["holder"]["pid"] == first.run.pid
    first.kill()
    # At once: the next run need not wait for the holder to go.
    assert starter.take("shop", path, second.run, None, 30).run == second.run
    second.kill()
    eventually(lambda: not pathlib.Path(path).exists(), "a lock file of nobody stays behind")
    assert free(path)


def test_a_file_that_was_removed_while_it_was_waited_for_is_no_lock(tmp_path: pathlib.Path) -> None:
    """The one who opened it before the end of its holder must not hold a file that the next one does not see."""
    path = tmp_path / "shop.lock"
    first, waiting = holder.LockFile(str(path)), holder.LockFile(str(path))
    assert first.take()
    assert not waiting.take()
    first.remove()
    assert not path.exists()
    # Removed, and not free yet: another one comes and takes the path.
    third = holder.LockFile(str(path))
    assert third.take()
    os.close(first._descriptor)
    assert not waiting.take()
    third.remove()
    os.close(third._descriptor)
    assert waiting.take()
    assert path.exists() and not free(str(path))
    waiting.remove()
    assert not path.exists()
    os.close(waiting._descriptor)


def test_only_ones_own_file_is_removed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "shop.lock"
    mine = holder.LockFile(str(path))
    assert mine.take()
    path.unlink()
    theirs = holder.LockFile(str(path))
    assert theirs.take()
    mine.remove()
    assert path.exists() and not free(str(path))
    for lock in (mine, theirs):
        os.close(lock._descriptor)


def test_a_file_that_may_not_be_removed_is_emptied(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = holder.LockFile(str(tmp_path / "shop.lock"))
    assert lock.take()
    lock.write({"a": 1})

    def refuse(_path: str) -> None:
        raise PermissionError

    monkeypatch.setattr(holder.os, "unlink", refuse)
    lock.remove()
    assert lock.read() == ""
    os.close(lock._descriptor)


def test_many_at_once_never_hold_it_together(tmp_path: pathlib.Path) -> None:
    """Each takes it, looks whether it is alone, and removes it."""
    path, inside, met = str(tmp_path / "shop.lock"), [], []

    def work() -> None:
        for _turn in range(200):
            lock = holder.LockFile(path)
            if lock.take():
                inside.append(1)
                met.append(len(inside))
                time.sleep(0)
                inside.pop()
                lock.remove()
            os.close(lock._descriptor)

    workers = [threading.Thread(target=work) for _worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(met) == {1}
    assert not pathlib.Path(path).exists()


def test_the_holder_keeps_neither_pipes_nor_keys(tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", "hunter2")
    main = mains()
    path = str(tmp_path / "shop.lock")
    starter.take("shop", path, main.run, None, 30)
    (process,) = [
        entry
        for entry in pathlib.Path("/proc").iterdir()
        if entry.name.isdigit() and holder.__file__.encode() in _content(entry / "cmdline") and _opens(entry, path)
    ]
    assert b"hunter2" not in _content(process / "environ") + _content(process / "cmdline")
    assert {str((process / "fd" / number).readlink()) for number in "012"} == {"/dev/null"}
    assert os.getsid(int(process.name)) == int(process.name), "a session of its own: Ctrl-C does not reach it"


def _content(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _opens(process: pathlib.Path, path: str) -> bool:
    try:
        return any(str(entry.readlink()) == path for entry in (process / "fd").iterdir())
    except OSError:
        return False


def test_somebody_elses_lock_without_a_description(tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "PATIENCE_SECONDS", 0.0)
    path = str(tmp_path / "shop.lock")
    mine = holder.LockFile(path)
    assert mine.take()
    with pytest.raises(starter.LockHeldError, match="does not say who it is"):
        starter.take("shop", path, mains().run, None, 30)


def test_a_lock_file_that_is_a_link_is_refused(tmp_path: pathlib.Path, mains: t.Callable[[], Main]) -> None:
    (tmp_path / "shop.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a symbolic link"):
        starter.take("shop", str(tmp_path / "shop.lock"), mains().run, None, 30)
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_directory_is_named(tmp_path: pathlib.Path, mains: t.Callable[[], Main]) -> None:
    with pytest.raises(InputError, match="cannot be opened: No such file or directory"):
        starter.take("shop", str(tmp_path / "no" / "shop.lock"), mains().run, None, 30)


def test_a_full_disk_is_said_with_the_file_and_a_remedy(tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch) -> None:
    # The holder may not write a single byte into a file; it finds out when it writes who holds the lock, as on a full disk.
    holder_file = starter.holder.__file__
    _program(
        tmp_path,
        f"import resource, runpy\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\nrunpy.run_path({holder_file!r}, run_name='__main__')\n",
        monkeypatch,
    )
    file = tmp_path / "shop.lock"
    main = mains()
    with pytest.raises(InputError, match=re.escape(f"the lock file {file} cannot be written: File too large")) as caught:
        starter.take("shop", str(file), main.run, None, 30)
    assert caught.value.remedy.startswith("Make room there") and "db_state_dir" in caught.value.remedy
    monkeypatch.setattr(starter.holder, "__file__", holder_file)
    starter.take("shop", str(file), main.run, None, 30)


def test_a_note_that_cannot_be_written_does_not_end_the_lock(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = holder.LockFile(str(tmp_path / "shop.lock"))
    assert lock.take()
    monkeypatch.setattr(holder.os, "pwrite", lambda *_arguments: 1)
    with pytest.raises(holder.NotWritten, match="No space left"):
        lock.write({"a": 1})
    holder._note(lock, {"a": 1})
    assert not holder.LockFile(str(tmp_path / "shop.lock")).take()


def test_a_run_that_has_ended_gets_no_lock(tmp_path: pathlib.Path, mains: t.Callable[[], Main]) -> None:
    main = mains()
    main.kill()
    with pytest.raises(DbinfraError, match="has ended already"):
        starter.take("shop", str(tmp_path / "shop.lock"), main.run, None, 30)


def _program(tmp_path: pathlib.Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(text)
    monkeypatch.setattr(starter.holder, "__file__", str(program))


def test_a_holder_that_does_not_answer_is_ended(tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = tmp_path / "pid"
    _program(tmp_path, f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n", monkeypatch)
    with pytest.raises(DbinfraError, match="did not answer within 2 seconds"):
        starter.take("shop", str(tmp_path / "shop.lock"), mains().run, None, 2)
    assert not pid_file.exists() or not pathlib.Path(f"/proc/{pid_file.read_text()}").exists()


def test_a_holder_that_breaks_says_why(tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "raise SystemExit('no such thing')", monkeypatch)
    with pytest.raises(DbinfraError, match="ended without an answer") as caught:
        starter.take("shop", str(tmp_path / "shop.lock"), mains().run, None, 30)
    assert "no such thing" in caught.value.message()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            {
                "state": "busy_on_server",
                "holder": {"application_name": "dbinfra.postgres lock ada@ctl1:1 now", "pid": 5, "address": None, "since": "noon"},
            },
            "ada@ctl1:1",
        ),
        ({"state": "busy_on_server", "holder": None}, "cannot be seen"),
        ({"state": "no_driver", "problem": "No module named psycopg2"}, "psycopg2-binary"),
        ({"state": "no_connection", "problem": "refused"}, "refused"),
        ({"state": "error", "problem": "the lock file is bad"}, "the lock file is bad"),
        ({}, "no answer that is understood"),
    ],
)
def test_answers_become_errors(
    answer: dict[str, t.Any], words: str, tmp_path: pathlib.Path, mains: t.Callable[[], Main], monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, f"print({json.dumps(json.dumps(answer))})", monkeypatch)
    session = starter.ServerSession({"password": "hunter2"}, "ada@h:5432/shop")
    with pytest.raises(DbinfraError) as caught:
        starter.take("shop", str(tmp_path / "shop.lock"), mains().run, session, 30)
    assert words in caught.value.message()
    assert "hunter2" not in caught.value.message()
    assert "hunter2" not in repr(session)
