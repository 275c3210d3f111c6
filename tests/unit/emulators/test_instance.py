# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an emulator's process: one per folder, and nothing left of it however it ends."""

from __future__ import annotations

import stat
import subprocess
import sys
import textwrap

import pytest

from emulators.framework.instance import Instance, InstanceError, InstanceRecord

SERVING = """
import os, pathlib, sys, time
sys.path.insert(0, {tests!r})
from emulators.framework.instance import Instance, InstanceRecord
instance = Instance(pathlib.Path(sys.argv[1]))
with instance.held():
    runtime = pathlib.Path(sys.argv[2])
    runtime.mkdir()
    instance.write_env({{"NAME": "value"}})
    instance.write_record(InstanceRecord(os.getpid(), 1, str(runtime), {ready}))
    print("line for the log", flush=True)
    {end}
"""


@pytest.fixture
def command(checkout, tmp_path):
    def build(*, ready=True, end="time.sleep(600)"):
        script = textwrap.dedent(SERVING).format(tests=str(checkout / "tests"), ready=ready, end=end)
        return [sys.executable, "-c", script, str(tmp_path / "instance"), str(tmp_path / "runtime")]

    return build


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "instance")
    yield instance
    instance.stop()


def test_start_twice_and_stop(instance, command, tmp_path):
    assert instance.start(command()) is True
    assert instance.alive()
    assert instance.read_env() == {"NAME": "value"}
    assert stat.S_IMODE(instance.env_file.stat().st_mode) == 0o600
    assert instance.start(command()) is False
    assert instance.stop() is True
    assert not (tmp_path / "instance").exists()
    assert not (tmp_path / "runtime").exists()
    assert instance.stop() is False


def test_what_a_killed_one_leaves_is_removed_with_its_children(instance, command, tmp_path):
    instance.start(command())
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=tmp_path / "runtime")
    subprocess.run(["kill", "-9", str(instance.record().pid)], check=True)
    assert instance.stop() is False or not instance.alive()
    assert child.wait(10) == -9
    assert not (tmp_path / "runtime").exists()
    assert not (tmp_path / "instance").exists()


def test_start_replaces_what_a_killed_one_left(instance, command, tmp_path):
    instance.start(command())
    killed = instance.record().pid
    subprocess.run(["kill", "-9", str(killed)], check=True)
    while instance.alive():
        pass
    assert instance.start(command()) is True
    assert instance.record().pid != killed


def test_one_that_ends_at_once_is_reported_with_its_last_lines(instance, command):
    with pytest.raises(InstanceError, match="line for the log"):
        instance.start(command(ready=False, end="sys.exit(1)"))
    assert not instance.directory.exists()


def test_one_that_never_becomes_ready_is_stopped(instance, command):
    with pytest.raises(InstanceError, match="not ready within"):
        instance.start(command(ready=False), timeout=1.5)
    assert not instance.alive()


def test_files_of_others_stay(instance, command):
    instance.start(command())
    other = instance.directory / "notes"
    other.write_text("mine")
    instance.stop()
    assert other.read_text() == "mine"
    assert [path.name for path in instance.directory.iterdir()] == ["notes"]


def test_two_cannot_hold_one_folder(tmp_path):
    instance = Instance(tmp_path)
    with instance.held(), pytest.raises(InstanceError, match="already runs"), instance.held():
        pass


def test_a_record_survives_its_writing(tmp_path):
    instance = Instance(tmp_path)
    assert instance.record() is None
    record = InstanceRecord(7, 8, "/nowhere/to/be/found", True)
    instance.write_record(record)
    assert instance.record() == record
