#!/usr/bin/env python3
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the symlinks that an npm archive cannot hold: hydrate_symlinks.py PACKAGE_FOLDER.

The package lists them in native/pg-symlinks.json as {"source": existing file, "target": link to make}, both below the package.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys


def hydrate(package: pathlib.Path) -> int:
    """Make every listed link, relative to its own folder, and return their number.

    :raises ValueError: if a path leaves the package or its source is not there.
    """
    root = package.resolve()
    links = json.loads((root / "native" / "pg-symlinks.json").read_text(encoding="utf-8"))
    for entry in links:
        source, target = root / entry["source"], root / entry["target"]
        if ".." in pathlib.PurePath(entry["source"]).parts + pathlib.PurePath(entry["target"]).parts or root not in target.parents:
            raise ValueError(f"{entry}: leads out of the package")
        if not os.path.lexists(source):
            raise ValueError(f"{entry}: the source is not in the package")
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
    return len(links)


if __name__ == "__main__":
    hydrate(pathlib.Path(sys.argv[1]))
