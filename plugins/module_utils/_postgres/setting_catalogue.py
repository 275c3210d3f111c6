# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server knows about its parameters. Pure: made from rows of pg_settings, or from the shipped snapshot."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import typing as t

from .._core.errors import InputError
from .settings_snapshot import ROWS, SERVERS, TAKEN

#: Parameters that hold a list. PostgreSQL does not tell (pg_settings_get_flags has no such flag), so this is a table: by name, the first
#: major that has it as a list. Tested on 15, 17 and 18.
_LISTS: dict[str, int] = {
    "createrole_self_grant": 16,
    "datestyle": 14,
    "debug_io_direct": 16,
    "listen_addresses": 14,
    "local_preload_libraries": 14,
    "log_connections": 18,
    "log_destination": 14,
    "oauth_validator_libraries": 18,
    "restrict_nonsystem_relation_kind": 14,
    "search_path": 14,
    "session_preload_libraries": 14,
    "shared_preload_libraries": 14,
    "synchronized_standby_slots": 17,
    "synchronous_standby_names": 14,
    "temp_tablespaces": 14,
    "unix_socket_directories": 14,
    "wal_consistency_checking": 14,
}

#: Lists whose elements are quoted as identifiers: an empty text would be stored as one element with an empty name.
_QUOTED_LISTS = frozenset(
    {
        "local_preload_libraries",
        "oauth_validator_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)

#: Enum values that a server knows only if it was built with a library or for a system; the snapshot's servers may lack what others have.
#: By name, the value and the first major that has it.
_VALUES_OF_SOME_BUILDS: dict[str, tuple[tuple[str, int], ...]] = {
    "default_toast_compression": (("lz4", 14),),
    "io_method": (("io_uring", 18),),
    "wal_compression": (("lz4", 15), ("zstd", 15)),
}

# valid_custom_variable_name in guc.c: any character beyond ASCII is a letter.
_CUSTOM_NAME = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*(?:\.[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)+")

#: NAMEDATALEN less one.
_LONGEST_NAME: t.Final = 63

#: Where a value comes from that is the whole server's, and not that of one session (GucSource in guc.h).
_OF_SERVER: t.Final = frozenset({"default", "environment variable", "configuration file", "command line", "override"})


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One row of pg_settings, as far as it matters here.

    :param vartype: ``bool``, ``integer``, ``real``, ``string`` or ``enum``.
    :param running: the value in force as pg_settings shows it, in ``unit``; in a prediction the built-in default.
    :param source: where the running value comes from, for example ``configuration file`` or ``command line``; None where it cannot be seen.
    :param custom: a name with a dot that the server does not know: any text is allowed.
    :param major: the server's version: a few checks of the server differ by it.
    """

    name: str
    vartype: str
    unit: str | None = None
    context: str = "user"
    min_val: str | None = None
    max_val: str | None = None
    enumvals: tuple[str, ...] = ()
    boot_val: str | None = None
    running: str | None = None
    source: str | None = "default"
    pending_restart: bool = False
    custom: bool = False
    is_list: bool = False
    major: int = 0

    @property
    def of_server(self) -> bool:
        """Whether the running value is the server's: else it is our own session's, from its database or role, or it is hidden."""
        return self.source in _OF_SERVER

    @property
    def quotes_elements(self) -> bool:
        """Whether it is a list whose elements are quoted as identifiers."""
        return self.is_list and self.name.lower() in _QUOTED_LISTS


class Catalogue:
    """The parameters of one server, found by name in any case."""

    def __init__(self, major: int, parameters: t.Iterable[Parameter], origin: str) -> None:
        """:param origin: says in errors where this comes from."""
        self.major = major
        self.origin = origin
        self._by_name = {parameter.name.lower(): parameter for parameter in parameters}

    def __iter__(self) -> t.Iterator[Parameter]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Parameter | None:
        """Return a parameter that the server knows, None for any other name."""
        return self._by_name.get(name.lower())

    def find_kept(self, name: str) -> Parameter:
        """Return a parameter by a name that the server itself has kept, which is never wrong: an older version may have taken what this one would not."""
        return self.get(name) or Parameter(name, "string", custom=True)

    def find(self, name: str) -> Parameter:
        """Return a parameter, or a custom one for an unknown name with a dot.

        :raises InputError: for an unknown name, with the nearest ones.
        """
        known = self.get(name)
        if known:
            return known
        if _CUSTOM_NAME.fullmatch(name):
            if len(name.encode()) > _LONGEST_NAME:
                raise InputError(f"the name {name} is longer than {_LONGEST_NAME} bytes", why="the server would cut it off", remedy="Shorten it")
            return Parameter(name, "string", custom=True)
        near = difflib.get_close_matches(name.lower(), list(self._by_name), n=3, cutoff=0.6)
        names = [self._by_name[item].name for item in near]
        raise InputError(
            f"PostgreSQL {self.major} has no parameter {name}",
            why=f"it is not in {self.origin}",
            remedy=f"Did you mean {' or '.join(names)}?" if names else "Correct the name; parameters of extensions have a dot in their name",
        )


def is_list(name: str, major: int) -> bool:
    """Return whether a parameter holds a list on that major version."""
    return major >= _LISTS.get(name.lower(), 99)


def values_of_some_builds(name: str, major: int) -> tuple[str, ...]:
    """Return the values of an enum parameter that some servers of that major version know and others do not."""
    return tuple(value for value, first in _VALUES_OF_SOME_BUILDS.get(name, ()) if major >= first)


def live_catalogue(major: int, rows: t.Iterable[t.Mapping[str, t.Any]], *, hidden: bool = False) -> Catalogue:
    """Return the catalogue of a live server from rows of pg_settings.

    :param hidden: the login user may not see all of it (GUC_SUPERUSER_ONLY in guc.h); the snapshot of the major version fills in, without running values.
    """
    unseen = snapshot_catalogue(major) if hidden and major in SERVERS else ()
    return Catalogue(
        major,
        [
            *(dataclasses.replace(parameter, running=None, source=None) for parameter in unseen),
            *_never_shown(major),
            *(
                Parameter(
                    name=row["name"],
                    vartype=row["vartype"],
                    unit=row["unit"],
                    context=row["context"],
                    min_val=row["min_val"],
                    max_val=row["max_val"],
                    enumvals=tuple(row["enumvals"] or ()),
                    boot_val=row["boot_val"],
                    running=row["setting"],
                    source=row["source"],
                    pending_restart=row["pending_restart"],
                    is_list=is_list(row["name"], major),
                    major=major,
                )
                for row in rows
            ),
        ],
        "pg_settings of the server",
    )


def _never_shown(major: int) -> tuple[Parameter, ...]:
    """Return what pg_settings shows to nobody (GUC_NO_SHOW_ALL in guc_tables.c) and a session begins with; seed cannot be reset again."""
    return (
        Parameter("role", "string", boot_val="none", source=None, major=major),
        Parameter("session_authorization", "string", source=None, major=major),
    )


@functools.cache
def _snapshot_rows() -> tuple[tuple[int, int, tuple[str | None, ...]], ...]:
    rows: list[str] = []
    for line in ROWS.strip("\n").split("\n"):
        if line.startswith("+"):
            rows[-1] += line[1:]
        else:
            rows.append(line)
    result = []
    for row in rows:
        span, *fields = row.split("|")
        first, last = span.split("-")
        result.append((int(first), int(last), tuple(None if field == "~" else field for field in fields)))
    return tuple(result)


def snapshot_catalogue(major: int) -> Catalogue:
    """Return the catalogue of a new server of a major version, from the shipped snapshot.

    :raises InputError: for a major version that is not in it.
    """
    if major not in SERVERS:
        raise InputError(
            f"PostgreSQL {major} is not supported",
            where="option login.server_major",
            why=f"the snapshot of {TAKEN} holds {', '.join(map(str, SERVERS))}",
            remedy="Declare one of these major versions",
        )
    parameters = []
    for first, last, (name, boot_val, vartype, unit, context, min_val, max_val, enumvals) in _snapshot_rows():
        if first <= major <= last:
            parameters.append(
                Parameter(
                    name=name or "",
                    vartype=vartype or "string",
                    unit=unit,
                    context=context or "user",
                    min_val=min_val,
                    max_val=max_val,
                    enumvals=(tuple(enumvals.split(",")) if enumvals else ()) + values_of_some_builds(name or "", major),
                    boot_val=boot_val,
                    running=boot_val,
                    is_list=is_list(name or "", major),
                    major=major,
                )
            )
    return Catalogue(major, [*_never_shown(major), *parameters], f"the snapshot of PostgreSQL {SERVERS[major]} taken on {TAKEN}")
