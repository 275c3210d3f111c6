# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what a Neon module returned in check mode against what its run returned, field by field."""

from __future__ import annotations

import typing as t

_IDS: t.Final = "Neon chooses ids"
_HOSTS: t.Final = "Neon chooses hosts, and says them once the compute is there"
_FOUND: t.Final = "Neon says the point in the history that it took once the copy is there"
_ENDS: t.Final = "a time to live begins when the run comes to it, and a reset renews it"
_MOVED: t.Final = "an end of the range that passes the declared other end is moved, and Neon does not say how far"
_MEASURED: t.Final = "taken when the run comes to it"
_UNDECLARED: t.Final = "undeclared, Neon chooses"

#: What only the server can know beforehand, and why. In check mode it is null, ``exists`` is false. This is the whole list, by the place in the
#: result: any other field has to be predicted exactly, and so has one of these where check mode gives a value.
ONLY_THE_SERVER_KNOWS: t.Final = {
    "project.exists": "it is yet to be made",
    "project.id": _IDS,
    "project.org_id": "undeclared, Neon takes the organization of the key",
    "project.region_id": _UNDECLARED,
    "project.pg_version": _UNDECLARED,
    "project.history_retention_seconds": _UNDECLARED,
    "branch.exists": "it is yet to be made",
    "branch.id": _IDS,
    "branch.parent_id": "the parent of a branch that is restored to its own past is the kept copy, which is yet to be made",
    "branch.parent_lsn": _FOUND,
    "branch.parent_timestamp": _FOUND,
    "branch.expires_at": _ENDS,
    "branch.preserved": _IDS,
    "endpoint.exists": "it is yet to be made",
    "endpoint.id": _IDS,
    "endpoint.host": _HOSTS,
    "endpoint.pooled_host": _HOSTS,
    "endpoint.min_cu": _MOVED,
    "endpoint.max_cu": _MOVED,
    "endpoints.exists": "it is yet to be made",
    "endpoints.id": _IDS,
    "endpoints.branch_id": _IDS,
    "endpoints.host": _HOSTS,
    "endpoints.pooled_host": _HOSTS,
    "connection.exists": "there is no database to connect to yet",
    "connection.branch_id": _IDS,
    "connection.login_host": _HOSTS,
    "connection.login_port": _HOSTS,
    "connection.pooled_host": _HOSTS,
    "connection.pooled_port": _HOSTS,
    "database.exists": "it is yet to be made",
    "role.exists": "it is yet to be made",
    "snapshot.exists": "it is yet to be made",
    "snapshot.id": _IDS,
    "snapshot.lsn": _MEASURED,
    "snapshot.timestamp": _MEASURED,
    "snapshot.created_at": _MEASURED,
    "snapshot.expires_at": _ENDS,
    "snapshot.full_size": "Neon measures it afterwards",
}
#: What check mode says and a run never does: a run has the database itself, so nothing stands in for it.
ONLY_CHECK_MODE_SAYS: t.Final = frozenset({"connection.stand_in"})
# Of Ansible, not of the module.
_PLUMBING: t.Final = frozenset({"invocation"})


def compare(checked: t.Mapping[str, t.Any], result: t.Mapping[str, t.Any]) -> tuple[list[str], set[str]]:
    """Return every difference in words, and the places of :data:`ONLY_THE_SERVER_KNOWS` that check mode left open.

    :param checked: the result of the check that came right before the run.
    """
    found: list[str] = []
    left_open: set[str] = set()
    for key in sorted((set(checked) | set(result)) - _PLUMBING):
        _compare(key, key, checked.get(key), result.get(key), found, left_open)
    return found, left_open


def _compare(shown: str, place: str, checked: t.Any, result: t.Any, found: list[str], left_open: set[str]) -> None:
    if isinstance(checked, dict) and isinstance(result, dict) and place != "diff":
        for key in sorted(set(checked) | set(result)):
            _compare(f"{shown}.{key}", f"{place}.{key}", checked.get(key), result.get(key), found, left_open)
    elif isinstance(checked, list) and isinstance(result, list) and len(checked) == len(result):
        for number, pair in enumerate(zip(checked, result, strict=True)):
            _compare(f"{shown}[{number}]", place, *pair, found, left_open)
    elif checked == result or (place in ONLY_CHECK_MODE_SAYS and result is None):
        return
    elif place in ONLY_THE_SERVER_KNOWS and (checked is None or (place.endswith(".exists") and checked is False)):
        left_open.add(place)
    else:
        found.append(f"{shown}: check mode says {checked!r}, the run {result!r}")
