# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copying a cluster's files. Blocking: call it in a thread.

The files are those pg_basebackup would copy: what a server makes anew at its start is left out, and files that vanish while a
running server is copied (dropped tables, temporary files) are passed over; replaying the WAL makes the copy whole.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import time

from . import wal

# The folders stay, their content does not. pg_stat holds counters and statement texts, which Neon loses at every suspend.
_EMPTY_FOLDERS = frozenset({"pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat", "pg_stat_tmp", "pg_subtrans"})
_LEFT_OUT = frozenset(
    {"postmaster.pid", "postmaster.opts", "backup_label", "backup_label.old", "tablespace_map", "tablespace_map.old", "postgresql.auto.conf.tmp"}
)
_TEMPORARY = re.compile(r"(t\d+_\d+(_.*)?|pgsql_tmp.*|pg_internal\.init.*)\Z")
_TIMELINE_HISTORY = re.compile(r"[0-9A-F]{8}\.history\Z")
_CHUNK = 1 << 30
_REMOVE_ATTEMPTS = 20
_BLOCK = 1 << 16
_ZEROS = bytes(_BLOCK)


def copy_data_folder(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a cluster's data folder to ``target``, which must not exist; pg_wal stays empty."""
    target.mkdir(mode=0o700)
    _copy_folder(source, target, pathlib.PurePath())
    for name in ("archive_status", "summaries"):
        if (source / "pg_wal" / name).is_dir():
            (target / "pg_wal" / name).mkdir(mode=0o700)


def copy_wal(source: pathlib.Path, target: pathlib.Path, *, first: int, shared_below: int = 0) -> None:
    """Give a copied data folder the WAL of a cluster from segment number ``first`` on, the newest included, and the timelines' histories.

    Segments below ``shared_below`` become second names of the same files. Nobody may write to those any more, in either folder.
    """
    for entry in sorted((source / "pg_wal").iterdir()):
        number = wal.segment_number(entry.name)
        if number is None:
            if _TIMELINE_HISTORY.match(entry.name):
                _copy_sparse(entry, target / "pg_wal" / entry.name)
        elif number >= max(first, shared_below):
            _copy_sparse(entry, target / "pg_wal" / entry.name)
        elif number >= first:
            os.link(entry, target / "pg_wal" / entry.name)


def give_to(folder: pathlib.Path, owner: tuple[int, int]) -> None:
    """Make ``owner`` (uid, gid) the owner of ``folder`` and all below."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(parent, name), *owner)  # noqa: PTH118 (a thousand paths: plain strings are faster)
    os.lchown(folder, *owner)


def size_in_bytes(*folders: pathlib.Path) -> int:
    """Return the sum of all file sizes below ``folders``."""
    total = 0
    for folder in folders:
        for parent, _, files in os.walk(folder):
            for name in files:
                try:
                    total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 (as above)
                except FileNotFoundError:
                    # A running server removed it between listing and looking.
                    continue
    return total


def remove(folder: pathlib.Path) -> None:
    """Remove ``folder`` with all below it; nothing happens when it is not there."""
    for attempt in range(1, _REMOVE_ATTEMPTS + 1):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError:
            # A thread that copies cannot be cancelled: it may have made a file in a folder that was empty a moment ago.
            if attempt == _REMOVE_ATTEMPTS:
                raise
        else:
            return
        time.sleep(0.05)


def _copy_folder(source: pathlib.Path, target: pathlib.Path, relative: pathlib.PurePath) -> None:
    with os.scandir(source / relative) as entries:
        for entry in entries:
            below = relative / entry.name
            if entry.is_dir(follow_symlinks=False):
                if _TEMPORARY.match(entry.name):
                    continue
                (target / below).mkdir(mode=0o700)
                top = str(below)
                if top not in _EMPTY_FOLDERS and top != "pg_wal":
                    _copy_folder(source, target, below)
            elif entry.is_symlink():
                raise OSError(f"{source / below} is a symbolic link: tablespaces are not supported on this platform")
            elif entry.name not in _LEFT_OUT and not _TEMPORARY.match(entry.name):
                _copy_file(source / below, target / below)


def _copy_sparse(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a WAL segment: 16 MB, most of it zeros that nobody has written to yet and that need no disk."""
    try:
        reader = source.open("rb")
    except FileNotFoundError:
        # The running source removed or recycled it: older than what recovery needs.
        return
    with reader, target.open("xb") as writer:
        size = 0
        while block := reader.read(_BLOCK):
            if block == _ZEROS[: len(block)]:
                writer.seek(len(block), os.SEEK_CUR)
            else:
                writer.write(block)
            size += len(block)
        writer.truncate(size)


def _copy_file(source: pathlib.Path, target: pathlib.Path) -> None:
    try:
        reader = os.open(source, os.O_RDONLY)
    except FileNotFoundError:
        # The running source dropped it; the WAL says so, too.
        return
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # The kernel shares the blocks where the file system can, and copies without leaving the kernel elsewhere.
            while os.copy_file_range(reader, writer, _CHUNK):
                pass
        finally:
            os.close(writer)
    finally:
        os.close(reader)
