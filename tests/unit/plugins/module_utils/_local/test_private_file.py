# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private files: what is refused, what a killed writer leaves, two writers at once."""

from __future__ import annotations

import os
import pathlib
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import private_file

WHERE = "option path"


def write(path: pathlib.Path, text: str) -> None:
    private_file.make_directory(str(path.parent), WHERE)
    with private_file.only_writer(str(path), WHERE):
        private_file.write_private(str(path), text, WHERE)


def test_directories_and_file_are_closed_whatever_the_umask(tmp_path: pathlib.Path) -> None:
    old = os.umask(0)
    try:
        write(tmp_path / "a" / "b" / "file", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a" / "b" / "file").stat().st_mode) == 0o600
    assert {stat.S_IMODE((tmp_path / part).stat().st_mode) for part in ("a", "a/b")} == {0o700}
    assert private_file.read_private(str(tmp_path / "a/b/file"), WHERE).text == "x"


def test_a_missing_file_is_no_error(tmp_path: pathlib.Path) -> None:
    assert private_file.read_private(str(tmp_path / "no" / "file"), WHERE) == private_file.PrivateFile(None, None)


def test_a_link_is_refused_even_if_it_leads_nowhere(tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a symbolic link"):
        private_file.read_private(str(tmp_path / "link"), WHERE)


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "thing"
    path.mkdir() if kind == "directory" else os.mkfifo(path)
    with pytest.raises(InputError, match="is not a regular file"):
        private_file.read_private(str(path), WHERE)


def test_a_file_in_the_way_of_a_directory_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a part of its path is a file"):
        private_file.read_private(str(tmp_path / "file" / "x"), WHERE)
    with pytest.raises(InputError, match="is not a directory"):
        private_file.make_directory(str(tmp_path / "file" / "x"), WHERE)


def test_somebody_elses_file_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InputError, match="belongs to another user"):
        private_file.read_private(str(tmp_path / "file"), WHERE)


def test_bytes_that_are_no_text_are_refused_without_showing_them(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"secret\xff")
    with pytest.raises(InputError, match="not UTF-8") as caught:
        private_file.read_private(str(tmp_path / "file"), WHERE)
    assert "secret" not in caught.value.message()


@pytest.mark.parametrize(("mode", "refused"), [(0o777, "everybody may write"), (0o1777, None), (0o700, None), (0o755, None)])
def test_a_directory_that_others_write_to_is_refused(tmp_path: pathlib.Path, mode: int, refused: str | None) -> None:
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(mode)
    if refused:
        with pytest.raises(InputError, match=refused):
            private_file.make_directory(str(place / "new"), WHERE)
        assert not (place / "new").exists()
    else:
        private_file.make_directory(str(place / "new"), WHERE)
        assert (place / "new").is_dir()


@pytest.mark.parametrize("path", ["", "a/", "a\0b"])
def test_what_is_no_path_of_a_file_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="is not the path of a file"):
        private_file.absolute(path, WHERE)


def test_a_writer_that_does_not_finish_is_named(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "file")
    with (
        private_file.only_writer(path, WHERE),
        pytest.raises(InputError, match="another process has been writing"),
        private_file.only_writer(path, WHERE, seconds=0.0),
    ):
        pytest.fail("two writers at once")


def _child(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    package = pathlib.Path(private_file.__file__)
    prelude = f"""
        import os, signal, sys, types
        root = {str(package.parent.parent)!r}
        # The package by a name of its own: this child needs no Ansible.
        mu = types.ModuleType("mu"); mu.__path__ = [root]; sys.modules["mu"] = mu
        from mu._local import private_file
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(code), *arguments], stdout=subprocess.PIPE)


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "open"])
def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: pathlib.Path, step: str) -> None:
    path = tmp_path / "file"
    write(path, "old")
    child = _child(
        """
        path, step = sys.argv[1:]
        def die(*arguments, **keywords): os.kill(os.getpid(), signal.SIGKILL)
        with private_file.only_writer(path, "here"):
            if step == "write":
                private_file.os.fchmod = die
            elif step == "open":
                private_file._flush_directory = die
            else:
                setattr(private_file.os, step, die)
            private_file.write_private(path, "new", "here")
        """,
        str(path),
        step,
    )
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    # "open" dies behind the rename, the others before it.
    assert path.read_text() == ("new" if step == "open" else "old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for leftover in tmp_path.iterdir():
        assert stat.S_IMODE(leftover.stat().st_mode) == 0o600
    write(path, "next")
    assert path.read_text() == "next"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"], "the next writer clears up"


def test_many_writers_lose_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    write(path, "")
    children = [
        _child(
            """
            path, name = sys.argv[1:]
            for number in range(10):
                with private_file.only_writer(path, "here"):
                    text = private_file.read_private(path, "here").text
                    private_file.write_private(path, text + f"{name}{number}\\n", "here")
            """,
            str(path),
            name,
        )
        for name in "abcd"
    ]
    for child in children:
        child.communicate()
        assert child.returncode == 0
    assert sorted(path.read_text().split()) == sorted(f"{name}{number}" for name in "abcd" for number in range(10))
