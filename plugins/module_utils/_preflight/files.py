# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the file system says about declared paths. Looks only."""

from __future__ import annotations

import os
import stat
import typing as t

from .._core.errors import InputError
from .._local import private_file
from .host_rules import CA_VARIABLE, DELIVERY_VARIABLE, FORBIDDEN_VARIABLE, PREVIEW_FILES, REPORT_VARIABLE, STATE_VARIABLES, FileFacts, Problem

#: The longest name of a file or directory on Linux' file systems (NAME_MAX).
LONGEST_NAME_BYTES = 255


def look(values: t.Mapping[str, t.Any]) -> FileFacts:
    """Return the problems of the paths among the values."""
    problems: dict[str, Problem] = {}
    ca_file = values.get(CA_VARIABLE)
    if isinstance(ca_file, str):
        _add(problems, CA_VARIABLE, _ca_problem(ca_file))
    for variable in STATE_VARIABLES:
        path = values.get(variable)
        if isinstance(path, str):
            _add(problems, variable, _state_problem(path, is_file=variable.endswith("_file")))
    report = values.get(REPORT_VARIABLE)
    if isinstance(report, str):
        _add(problems, REPORT_VARIABLE, _report_problem(report))
    paths = [values.get(variable) for variable in (*PREVIEW_FILES, DELIVERY_VARIABLE)] + list(values.get(FORBIDDEN_VARIABLE) or ())
    return FileFacts(problems, {path: _place(path) for path in paths if isinstance(path, str) and path})


def _add(problems: dict[str, Problem], variable: str, problem: Problem | None) -> None:
    if problem is not None:
        problems[variable] = problem


def _place(path: str) -> str:
    try:
        return os.path.realpath(os.path.expanduser(path))
    except (OSError, ValueError):
        # Such as one with a null character: whoever judges the path itself says so.
        return path


def _ca_problem(path: str) -> Problem | None:
    remedy = "Name a file with CA certificates in PEM format; Debian's is /etc/ssl/certs/ca-certificates.crt (package ca-certificates)"
    if not path:
        return Problem("it is empty", remedy)
    path = os.path.expanduser(path)
    if not os.path.isabs(path):
        return Problem("it is a relative path, and what reads the delivered strings runs in another directory", remedy)
    try:
        with open(path, "rb") as stream:
            content = stream.read(4 * 1024 * 1024)
    except OSError as error:
        return Problem(f"it cannot be read: {error.strerror}", remedy)
    return (
        None
        if b"-----BEGIN CERTIFICATE-----" in content or b"-----BEGIN TRUSTED CERTIFICATE-----" in content
        else Problem("there is no certificate in it", remedy)
    )


def _report_problem(path: str) -> Problem | None:
    remedy = "Give an absolute path of a file, for example /tmp/preview.json"
    if not path:
        return Problem("it is empty", remedy)
    path = os.path.expanduser(path)
    if not os.path.isabs(path):
        return Problem("it is a relative path, and nobody can say in which directory it would be looked for", remedy)
    if path.endswith("/") or os.path.isdir(path):
        return Problem("it is a directory", remedy)
    if any(len(os.fsencode(part)) > LONGEST_NAME_BYTES for part in path.split("/")):
        return Problem(f"a part of it has more than {LONGEST_NAME_BYTES} bytes", "Declare a shorter path")
    present = os.path.dirname(path)
    while not os.path.lexists(present):
        present = os.path.dirname(present)
    if not os.path.isdir(present):
        return Problem(f"{present} is no directory", remedy)
    if not os.access(present, os.W_OK | os.X_OK):
        return Problem(f"this user may not write to {present}", remedy)
    return None


def _state_problem(path: str, *, is_file: bool) -> Problem | None:
    remedy = "Declare an absolute path below a directory of the user that runs ansible-playbook"
    if not path:
        return Problem("it is empty", remedy)
    path = os.path.expanduser(path)
    if not os.path.isabs(path):
        return Problem("it is a relative path, so every working directory would have a state of its own", remedy)
    directory = os.path.dirname(path) if is_file else path
    # The temporary file that replaces it has a longer name.
    longest = LONGEST_NAME_BYTES - (private_file.TEMPORARY_BYTES if is_file else 0)
    too_long = next((part for part in path.split("/") if len(os.fsencode(part)) > longest), None)
    if too_long is not None:
        return Problem(f"a part of it has {len(os.fsencode(too_long))} bytes, and {longest} is what fits", "Declare a shorter path")
    try:
        private_file.check_directory(directory, "")
    except InputError as error:
        return Problem(error.what if not error.why else f"{error.what}: {error.why}", error.remedy or remedy)
    return _parent_problem(directory, remedy)


def _parent_problem(directory: str, remedy: str) -> Problem | None:
    """A missing directory below one in which everybody may make files (/tmp) can be made by somebody else first."""
    present = directory
    while not os.path.lexists(present):
        present = os.path.dirname(present)
    status = os.stat(present)
    if status.st_mode & stat.S_IWOTH:
        return Problem(f"everybody may make files in {present}, and what lies there is often cleared away", remedy)
    if not os.access(present, os.W_OK | os.X_OK):
        return Problem(f"this user may not write to {present}", remedy)
    return None
