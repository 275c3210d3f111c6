# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Neon's build of PostgreSQL allows that PostgreSQL's own does not, applied to a private copy of the programs. Blocking.

Neon's customers are no superusers. So that they can install the contrib extensions of the platform all the same, Neon marks these
as trusted in their control files, and lets neon_superuser reset pg_stat_statements.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import stat

#: The extensions that Neon's image marks as trusted beyond PostgreSQL's own choice, as far as its published build file shows.
TRUSTED_EXTENSIONS = (
    "autoinc",
    "bloom",
    "earthdistance",
    "insert_username",
    "intagg",
    "moddatetime",
    "pg_stat_statements",
    "pgrowlocks",
    "pgstattuple",
    "refint",
    "xml2",
)

_RESET_REVOKED = re.compile(r"REVOKE ALL ON FUNCTION (pg_stat_statements_reset\([^)]*\)) FROM PUBLIC;", re.IGNORECASE)


def make(home: pathlib.Path, target: pathlib.Path, group: str, *, by_link: bool) -> None:
    """Make in ``target`` an installation like ``home``, changed as Neon's is; ``group`` is the role that may reset statistics.

    PostgreSQL finds its files relative to its own program file, therefore ``bin`` is a copy. What stays as it is is a link to the
    original with ``by_link``, or a copy, for a server user who cannot reach the original.
    """
    target.mkdir(mode=0o755)
    shutil.copytree(home / "bin", target / "bin", symlinks=True)
    if by_link:
        (target / "lib").symlink_to((home / "lib").resolve())
        _link_tree((home / "share").resolve(), target / "share")
    else:
        shutil.copytree(home / "lib", target / "lib", symlinks=True)
        shutil.copytree(home / "share", target / "share", symlinks=True)
    _make_readable(target)
    for name in TRUSTED_EXTENSIONS:
        for control in (target / "share").rglob(f"extension/{name}.control"):
            _replace(control, control.read_text(encoding="utf-8") + "\ntrusted = true\n")
    for script in (target / "share").rglob("extension/pg_stat_statements--*.sql"):
        text = script.read_text(encoding="utf-8")
        grants = [f"GRANT EXECUTE ON FUNCTION {function} TO {group};\n" for function in _RESET_REVOKED.findall(text)]
        if grants:
            _replace(script, text + "".join(grants))


def _link_tree(source: pathlib.Path, target: pathlib.Path) -> None:
    """Make ``target`` a folder of links to what is in ``source``; the folders down to ``extension`` are real, so that files can differ."""
    target.mkdir(mode=0o755)
    for path in source.iterdir():
        if path.is_dir() and (path.name == "extension" or (path / "extension").is_dir()):
            _link_tree(path, target / path.name)
        else:
            (target / path.name).symlink_to(path)


def _replace(path: pathlib.Path, text: str) -> None:
    """Put a file of our own in the place of a link or file."""
    path.unlink()
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _make_readable(folder: pathlib.Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        # What the owner may do, everybody may, except writing.
        path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
