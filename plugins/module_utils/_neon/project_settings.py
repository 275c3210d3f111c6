# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a project: what is declared, what differs, and what is sent. Pure functions.

Only what is declared is compared. Neon does not say whether a PATCH merges or replaces settings, so they are always sent as a whole: the
present ones with the declared ones in them. The reconcile flow reads them back.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ImmutableError, InputError
from .._core.maintenance_window import MaintenanceWindow, clock, read_window
from .project_addresses import EVERYONE, checked_addresses, reaches
from .records import USED_QUOTAS

_ONE_WAY: t.Final = {
    "enable_logical_replication": "Logical replication cannot be disabled once it is enabled",
    "hipaa": "HIPAA compliance cannot be disabled once it is enabled",
}

# Quotas are signed 64-bit integers in Neon's API description.
_LARGEST_QUOTA: t.Final = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class SettingsWish:
    """Declared settings. None means: not declared.

    :param allowed_ips: empty for everyone.
    :param quota: the declared quotas; 0 for none.
    :param preload_libraries: empty for no library beyond the provider's own.
    """

    allowed_ips: tuple[str, ...] | None = None
    protected_branches_only: bool | None = None
    quota: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    maintenance_window: MaintenanceWindow | None = None
    preload_libraries: tuple[str, ...] | None = None
    enable_logical_replication: bool | None = None
    block_public_connections: bool | None = None
    audit_log_level: str | None = None
    hipaa: bool | None = None

    def says_something(self) -> bool:
        """Tell whether any setting is declared."""
        return self != NO_SETTINGS


NO_SETTINGS: t.Final = SettingsWish()


@dataclasses.dataclass(frozen=True)
class Difference:
    """A setting that is not as declared.

    :param have: as a person reads it.
    :param want: as a person reads it.
    :param key: its place in the API's settings.
    :param value: all that belongs there.
    """

    option: str
    have: t.Any
    want: t.Any
    key: str
    value: t.Any


def settings_wish(options: t.Mapping[str, t.Any]) -> SettingsWish:
    """Return what a task's options declare.

    :raises InputError: for what no project can have.
    """
    allowed = options["allowed_ips"]
    only_protected = options["allowed_ips_protected_branches_only"]
    addresses = None if allowed is None else checked_addresses(allowed)
    if only_protected and addresses == ():
        raise InputError(
            f"it is true while allowed_ips is {EVERYONE}",
            where="option allowed_ips_protected_branches_only",
            why="There is no list that could apply to protected branches",
            remedy="List the addresses, or set it to false",
        )
    libraries = options["preload_libraries"]
    return SettingsWish(
        allowed_ips=addresses,
        protected_branches_only=only_protected,
        quota=checked_quota(options["quota"]),
        maintenance_window=checked_window(options["maintenance_window"]),
        preload_libraries=None if libraries is None else tuple(dict.fromkeys(libraries)),
        enable_logical_replication=options["enable_logical_replication"],
        block_public_connections=options["block_public_connections"],
        audit_log_level=options["audit_log_level"],
        hipaa=options["hipaa"],
    )


def checked_quota(options: t.Mapping[str, int | None] | None) -> dict[str, int]:
    """Return the declared quotas.

    :raises InputError: for a number below 0, or one that the API's 64 bits do not hold.
    """
    said = {name: value for name, value in (options or {}).items() if value is not None}
    for name, value in said.items():
        if value < 0:
            raise InputError(f"{name} is {value}", where="option quota", remedy="Give 0 for no quota, or a number above")
        if value > _LARGEST_QUOTA:
            raise InputError(
                f"{name} is {value}",
                where="option quota",
                why=f"Neon takes at most {_LARGEST_QUOTA}",
                remedy="Give 0 for no quota, or a smaller number",
            )
    return said


def checked_window(options: t.Mapping[str, t.Any] | None) -> MaintenanceWindow | None:
    """Return the declared maintenance window.

    Neon's API description has the weekdays on which a window is active and its two times, and no word on one that goes on into the next day.

    :raises InputError: for a day or a time that does not exist, and for a window of no length or one that reaches over midnight.
    """
    if options is None:
        return None
    where = "option maintenance_window"
    window = read_window(options, where)
    if window.over_midnight:
        raise InputError(
            f"it begins at {clock(window.start)} and ends at {clock(window.end)} on the next day",
            where=where,
            why="Neon describes a window by the days on which it is active, and none that goes on after midnight",
            remedy="End it at 00:00 UTC at the latest, or let it begin at 00:00",
        )
    return window


def setting_differences(current: t.Mapping[str, t.Any], wish: SettingsWish) -> list[Difference]:
    """Return what is declared and differs.

    :param current: the settings as the API gives them; what is missing there is not set.
    """
    found = [*_allowlist(current, wish), *_quota(current, wish)]
    window = wish.maintenance_window
    if window is not None:
        have = _window_shown(current.get("maintenance_window"))
        want = {"weekdays": list(window.weekdays), "start_time": clock(window.start), "end_time": clock(window.end)}
        if have != want:
            found.append(Difference("maintenance_window", have, want, "maintenance_window", want))
    if wish.preload_libraries is not None:
        present = current.get("preload_libraries") or {}
        names = present.get("enabled_libraries") or []
        if set(names) != set(wish.preload_libraries):
            # Unsaid, nobody knows whether the provider's own libraries stay.
            whole = {"use_defaults": True, **present, "enabled_libraries": list(wish.preload_libraries)}
            found.append(Difference("preload_libraries", sorted(names), sorted(wish.preload_libraries), "preload_libraries", whole))
    for option in ("enable_logical_replication", "block_public_connections", "hipaa"):
        wanted, present = getattr(wish, option), bool(current.get(option))
        if wanted is not None and wanted != present:
            found.append(Difference(option, present, wanted, option, wanted))
    if wish.audit_log_level is not None and wish.audit_log_level != current.get("audit_log_level"):
        found.append(Difference("audit_log_level", current.get("audit_log_level"), wish.audit_log_level, "audit_log_level", wish.audit_log_level))
    return found


def refuse_one_way(current: t.Mapping[str, t.Any], wish: SettingsWish, subject: str) -> None:
    """Refuse to undo what cannot be undone.

    :raises ImmutableError: with the reason.
    """
    for option, why in _ONE_WAY.items():
        if getattr(wish, option) is False and current.get(option):
            raise ImmutableError(
                f"{subject} has it, declared is false",
                where=f"option {option}",
                why=why,
                remedy=f"Declare {option}: true or leave it out, or move the data to a new project",
            )


def check_libraries(names: t.Sequence[str], available: t.Collection[str]) -> None:
    """Refuse libraries that the project cannot preload.

    :param available: what the provider offers for the project's version of PostgreSQL.
    :raises InputError: naming them and what there is.
    """
    unknown = [name for name in names if name not in available]
    if unknown:
        raise InputError(
            f"Neon cannot preload {', '.join(unknown)} in this project",
            where="option preload_libraries",
            why=f"Available for its version of PostgreSQL: {', '.join(sorted(available)) or 'none'}",
            remedy="Correct the names",
        )


def exhausted_quotas(differences: t.Iterable[Difference], wish: SettingsWish, usage: t.Mapping[str, int]) -> list[str]:
    """Return the quotas to be changed, in words, that the present billing period has used up already.

    :param usage: what was used, by the quota's name.
    """
    if not any(difference.key == "quota" for difference in differences):
        return []
    return [
        f"{name} {wish.quota[name]} (used: {usage[name]})"
        for name in USED_QUOTAS
        if name in wish.quota and name in usage and 0 < wish.quota[name] <= usage[name]
    ]


def _allowlist(current: t.Mapping[str, t.Any], wish: SettingsWish) -> list[Difference]:
    present = current.get("allowed_ips") or {}
    have_entries: list[str] = present.get("ips") or []
    have_protected = bool(present.get("protected_branches_only"))
    want_entries = wish.allowed_ips
    want_protected = wish.protected_branches_only
    listed = have_entries if want_entries is None else list(want_entries)
    whole = {**present, "ips": listed, "protected_branches_only": have_protected if want_protected is None else want_protected}
    found = []
    if want_entries is not None and reaches(want_entries) != reaches(have_entries):
        found.append(Difference("allowed_ips", _entries_shown(have_entries), _entries_shown(want_entries), "allowed_ips", whole))
    if want_protected is not None and want_protected != have_protected:
        found.append(Difference("allowed_ips_protected_branches_only", have_protected, want_protected, "allowed_ips", whole))
    return found


def _entries_shown(entries: t.Sequence[str]) -> list[str]:
    return sorted(entries) or [EVERYONE]


def _quota(current: t.Mapping[str, t.Any], wish: SettingsWish) -> list[Difference]:
    present = current.get("quota") or {}
    # To the provider 0 and nothing are the same.
    differing = [name for name, want in wish.quota.items() if want != (present.get(name) or 0)]
    if not differing:
        return []
    have = {name: present.get(name) or 0 for name in differing}
    want = {name: wish.quota[name] for name in differing}
    return [Difference("quota", have, want, "quota", {**present, **wish.quota})]


def _window_shown(present: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    if not present:
        return None
    return {
        "weekdays": sorted(set(present.get("weekdays") or [])),
        "start_time": present.get("start_time"),
        "end_time": present.get("end_time"),
    }
