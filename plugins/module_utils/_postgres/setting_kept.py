# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server keeps over its restart, and which of the files are there that it would read then."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ServerError
from .setting_effect import effects
from .setting_model import Kept, SettingState, Step
from .setting_start import files_to_find, tls_to_read
from .setting_start_rules import ON_STANDBYS
from .setting_tls_files import look_into
from .setting_waiting import waits
from .transport import Session

#: Parameters that make room for what is kept.
_ROOM = frozenset({"wal_level", "max_replication_slots", "max_active_replication_origins", "max_prepared_transactions", "hot_standby"})

_KEPT = """
SELECT to_json(ARRAY(SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE NOT temporary AND slot_type = 'logical' ORDER BY 1)) AS logical,
       to_json(ARRAY(SELECT slot_name::text FROM pg_catalog.pg_replication_slots WHERE NOT temporary AND slot_type = 'physical' ORDER BY 1)) AS physical,
       (SELECT count(*) FROM pg_catalog.pg_prepared_xacts) AS prepared,
       has_table_privilege('pg_catalog.pg_replication_origin_status', 'SELECT')
         AND has_function_privilege('pg_catalog.pg_show_replication_origin_status()', 'EXECUTE') AS may_see_origins
"""

_ORIGINS = "SELECT count(*) AS origins FROM pg_catalog.pg_replication_origin_status"

_MAY_LOOK = """
SELECT has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'EXECUTE')
         AND (r.rolsuper OR pg_has_role('pg_read_server_files', 'USAGE')) AS files,
       has_function_privilege('pg_catalog.pg_config()', 'EXECUTE') AS config
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""

_LIBRARIES = "SELECT setting AS folder FROM pg_catalog.pg_config WHERE name = 'PKGLIBDIR'"
_IS_THERE = "SELECT (pg_stat_file(%(path)s, true)).size IS NOT NULL AS there"

#: What libraries are called on some system; names in the configuration do without.
_SUFFIXES = ("", ".so", ".dylib", ".dll")


def read_room(session: Session, state: SettingState, steps: t.Sequence[Step], *, every: bool = False) -> Kept:
    """Read what declared settings of the whole server must leave room for, and look for the files that they name.

    :param every: ask for all of it: the server may be restarted.
    """
    names = {step.parameter.name.lower() for step in steps if step.wanted.scope.is_system}
    kept = Kept(on_standby={name: int(state.catalogue.find(name).running or 0) for name in ON_STANDBYS} if state.standby else {})
    if every or names & _ROOM:
        row = session.rows(_KEPT, None, "read slots and prepared transactions")[0]
        kept = dataclasses.replace(kept, logical_slots=tuple(row["logical"]), physical_slots=tuple(row["physical"]), prepared=row["prepared"])
        if row["may_see_origins"]:
            kept = dataclasses.replace(kept, origins=session.rows(_ORIGINS, None, "count replication origins")[0]["origins"])
    files = files_to_find(state, steps, every=every)
    missing = _missing(session, state, steps, files) if files else {}
    # A private key is not read for a restart that will not be made.
    due = every and any(waits(state, step, predicted=True) for step in steps)
    contents = {name: path for name, path in tls_to_read(state, steps, every=due).items() if name not in missing}
    command = effects(state, steps, ["ssl_passphrase_command"]).get("ssl_passphrase_command")
    unfit, unseen = look_into(session, state, contents, passphrase=command is None or bool(command.value)) if contents else ({}, ())
    return dataclasses.replace(kept, missing=missing, unfit=unfit, remarks=unseen)


def library_paths(name: str, path: str, folder: str) -> tuple[str, ...]:
    """Return where a server looks for a library: expand_dynamic_library_name in dfmgr.c.

    :param path: dynamic_library_path.
    :param folder: what ``$libdir`` stands for.
    """
    if "/" in name:
        places = [name]
    else:
        places = [f"{place}/{name}" for place in path.split(":") if place]
    return tuple(_expanded(place, folder) + suffix for place in places for suffix in _SUFFIXES)


def _expanded(place: str, folder: str) -> str:
    return folder + place.removeprefix("$libdir") if place == "$libdir" or place.startswith("$libdir/") else place


def _missing(session: Session, state: SettingState, steps: t.Sequence[Step], files: t.Mapping[str, t.Sequence[str]]) -> dict[str, tuple[str, ...]]:
    may = session.rows(_MAY_LOOK, None, "read whether we may look for files")[0]
    if not may["files"]:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, paths in files.items():
        if name == "shared_preload_libraries":
            path = effects(state, steps, ["dynamic_library_path"]).get("dynamic_library_path")
            if path is None or not may["config"]:
                continue
            folder = session.rows(_LIBRARIES, None, "read where libraries are")[0]["folder"]
            gone = tuple(each for each in paths if not any(_is_there(session, place) for place in library_paths(each, path.text, folder)))
        else:
            gone = tuple(each for each in paths if not _is_there(session, each))
        if gone:
            found[name] = gone
    return found


def _is_there(session: Session, path: str) -> bool:
    """Return whether a file is there; where the server may not look, it is not said to be missing."""
    try:
        return bool(session.rows(_IS_THERE, {"path": path}, f"look for {path}")[0]["there"])
    except ServerError:
        return True
