#!/usr/bin/env python3
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve requirements-dev.in on two Pythons into the one lock file: lock.py PYTHON311 PYTHON313.

Each Python resolves in a scratch virtual environment of its own. A package that both resolve to the same version gets one line,
all others one line per Python with an environment marker.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
WANTED = CHECKOUT / "requirements-dev.in"
LOCK = CHECKOUT / "requirements-dev.lock"
OLD, NEW = 'python_version < "3.13"', 'python_version >= "3.13"'

HEAD = """\
# All development dependencies, pinned, including what they need themselves. Made by `make lock`; do not edit.
# What is wanted, and the reason for each bound, stands in requirements-dev.in. Unusual here:
# - Two lines with a marker: below Python 3.13 ansible 12 (core 2.19, the lower bound of meta/runtime.yml; the last for 3.11),
#   from 3.13 on ansible 14 (core 2.21, the newest). Everything else is the same on both.
# - No hashes: the set must install from whatever index or folder of wheels the machine's pip is configured for.
"""


def resolve(python: str) -> dict[str, str]:
    """Return name -> version of everything that ``python`` installs for requirements-dev.in."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--requirement", str(WANTED)], check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("==", 1) for line in frozen.splitlines())


def merge(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Return the lines of the lock file for both sets of pins."""
    lines = []
    for name in sorted({*old, *new}, key=str.lower):
        if old.get(name) == new.get(name):
            lines.append(f"{name}=={old[name]}")
            continue
        lines += [f"{name}=={pins[name]}; {marker}" for pins, marker in ((old, OLD), (new, NEW)) if name in pins]
    return lines


def main() -> None:
    """Write the lock file."""
    if len(sys.argv) != 3:
        sys.exit("usage: scripts/lock.py PYTHON3.11 PYTHON3.13")
    lines = merge(resolve(sys.argv[1]), resolve(sys.argv[2]))
    LOCK.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{LOCK.name}: {len(lines)} pins")


if __name__ == "__main__":
    main()
