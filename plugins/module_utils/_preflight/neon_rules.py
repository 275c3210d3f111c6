# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the compute and the branch on Neon. Pure.

Limits are those of Neon's documentation, state of November 2026. They are checked here because they hold for every plan; what depends on
the plan is left to the provider.
"""

from __future__ import annotations

import re
import typing as t

from .._core.errors import InputError
from .._neon.address import base_address
from .._neon.branch_wish import checked_ttl
from .._neon.compute_sizes import range_faults
from .._neon.names import LONGEST_NAME, name_fault
from .._neon.project_addresses import checked_addresses
from .._neon.project_settings import checked_quota, checked_window
from .._neon.rules import history_fault
from .findings import Finding, finding, shown

COMPUTE_VARIABLES = ("neon_compute_min_cu", "neon_compute_max_cu")

SHORTEST_SUSPEND_SECONDS = 60
LONGEST_SUSPEND_SECONDS = 604800

SUPPORTED_MAJORS = range(14, 19)

Values = t.Mapping[str, t.Any]
Rule = t.Callable[[Values], t.Iterable[Finding]]


def api_key(values: Values) -> t.Iterator[Finding]:
    """There must be a key, and it must be one line without spaces (a header cannot carry anything else)."""
    key = values.get("neon_api_key")
    remedy = "Export NEON_API_KEY, or set neon_api_key from your secret store"
    if key is None:
        return
    if not key.strip():
        yield Finding("neon_api_key", None, "the API key is empty", remedy)
    elif key != key.strip() or not key.isascii() or not key.isprintable() or " " in key:
        yield finding(values, "neon_api_key", "the API key holds spaces, line ends or other signs that no key has", remedy, secret=True)


def api_host(values: Values) -> t.Iterator[Finding]:
    """The key is sent to a complete https address only (or to this machine)."""
    host = values.get("neon_api_host")
    if host is None:
        return
    try:
        base_address(host)
    except InputError as error:
        # A user and password may stand in it.
        reason = error.what if not error.why else f"{error.what}: {error.why}"
        yield finding(values, "neon_api_host", reason, error.remedy or "Correct it", secret="@" in host)


def api_timeout(values: Values) -> t.Iterator[Finding]:
    """A task needs some time."""
    if values.get("neon_api_timeout", 1) < 1:
        yield finding(values, "neon_api_timeout", "no task can end in that time", "Declare at least 1 second, 300 is usual")


def names(values: Values) -> t.Iterator[Finding]:
    """Names must be ones that somebody means: they are matched exactly."""
    for variable in ("neon_project_name", "neon_branch_name", "neon_default_branch", "neon_region_id"):
        name = values.get(variable)
        if name is None:
            continue
        fault = name_fault(name)
        if fault:
            yield finding(values, variable, fault, "Declare the exact name")
        elif len(name) > LONGEST_NAME:
            yield finding(values, variable, f"it has {len(name)} characters, and Neon takes at most {LONGEST_NAME}", "Choose a shorter name")


def pinned_ids(values: Values) -> t.Iterator[Finding]:
    """An id goes into the address of a request, so it must look like one."""
    for variable, pattern, like in (
        ("neon_project_id", r"[a-z0-9][a-z0-9-]*\Z", "late-frost-12345678"),
        ("neon_branch_id", r"br-[a-z0-9-]+\Z", "br-late-frost-12345678"),
        ("neon_org_id", r"org-[a-z0-9-]+\Z", "org-late-frost-12345678"),
    ):
        value = values.get(variable)
        if value and not re.match(pattern, value):
            yield finding(
                values, variable, f"this is no id, an id looks like {like}", "Copy the id from the console, or leave it empty and the name counts"
            )


def server_major(values: Values) -> t.Iterator[Finding]:
    """Only majors that the collection knows."""
    major = values.get("neon_pg_version")
    if major is not None and major not in SUPPORTED_MAJORS:
        yield finding(values, "neon_pg_version", "the collection supports PostgreSQL 14 to 18", "Declare one of them")


def compute(values: Values) -> t.Iterator[Finding]:
    """The sizes must exist and the span must be one that Neon scales over."""
    small, large = (values.get(variable) for variable in COMPUTE_VARIABLES)
    for fault in range_faults(small, large, COMPUTE_VARIABLES):
        yield finding(values, fault.option, fault.reason, fault.remedy)


def suspend(values: Values) -> t.Iterator[Finding]:
    """-1 never, 0 the provider's default, else a minute to a week."""
    seconds = values.get("neon_suspend_timeout_seconds")
    if seconds is None:
        return
    if seconds not in (-1, 0) and not SHORTEST_SUSPEND_SECONDS <= seconds <= LONGEST_SUSPEND_SECONDS:
        yield finding(
            values,
            "neon_suspend_timeout_seconds",
            f"Neon accepts -1 (never), 0 (its default) and {SHORTEST_SUSPEND_SECONDS} to {LONGEST_SUSPEND_SECONDS} seconds",
            "Declare one of these",
        )
    elif seconds != -1 and values.get("neon_branch_protected"):
        yield finding(
            values,
            "neon_suspend_timeout_seconds",
            "the branch is protected as a production branch is, but its compute goes to sleep, and the first query after a pause waits until it has started",
            "Declare -1 (never), unless this is meant",
            warning=True,
        )


def history(values: Values) -> t.Iterator[Finding]:
    """The provider's own bounds; plans have narrower ones."""
    seconds = values.get("neon_history_retention_seconds")
    fault = None if seconds is None else history_fault(seconds)
    if fault:
        yield finding(values, "neon_history_retention_seconds", fault, "Declare a number in this range")
    elif seconds == 0:
        yield finding(
            values,
            "neon_history_retention_seconds",
            "without history there is no point-in-time recovery",
            "Declare for example 604800 (7 days)",
            warning=True,
        )


def project_settings(values: Values) -> t.Iterator[Finding]:
    """The allowlist, the quotas and the maintenance window must be ones that a project can have; neon_project says the same, but later."""
    checks: tuple[tuple[str, t.Callable[[t.Any], t.Any]], ...] = (
        ("neon_allowed_ips", checked_addresses),
        ("neon_quota", checked_quota),
        ("neon_maintenance_window", checked_window),
    )
    for variable, check in checks:
        if values.get(variable) is None:
            continue
        try:
            check(values[variable])
        except InputError as error:
            reason = error.what if not error.why else f"{error.what}: {error.why}"
            yield finding(values, variable, reason, (error.remedy or "Correct it").replace("allowed_ips:", "neon_allowed_ips:"))


def preview(values: Values) -> t.Iterator[Finding]:
    """How long a preview lives; neon_branch says the same, but names its own option."""
    ttl = values.get("neon_preview_ttl")
    if ttl is None or values.get("neon_preview_state") != "present":
        return
    try:
        checked_ttl(ttl)
    except InputError as error:
        # The playbook sets the role's variable from its own, which is what the caller has written.
        yield Finding("preview_ttl (the role's neon_preview_ttl)", shown(ttl), error.what, error.remedy or "Correct it")


def branch(values: Values) -> t.Iterator[Finding]:
    """Where the branch comes from, and that it does not take the parent's rows along unsaid."""
    name, parent, default = values.get("neon_branch_name"), values.get("neon_branch_parent"), values.get("neon_default_branch")
    source, isolation = values.get("neon_branch_init_source"), values.get("neon_isolation")
    if not name or not default:
        return
    if isolation == "project" and name != default:
        yield finding(
            values,
            "neon_branch_name",
            f"with neon_isolation = project the environment's branch is the project's default branch, which is {default}",
            f"Declare {default}, or declare neon_isolation: branch",
        )
        return
    if name == default and values.get("neon_project_ownership") == "member":
        yield finding(
            values,
            "neon_branch_name",
            f"{name} is the project's default branch, which is a project-wide setting, and this inventory is only a member of the project "
            "(neon_project_ownership)",
            "Declare neon_project_ownership: owner, because with neon_isolation = project the project is this environment's own"
            if isolation == "project"
            else "Leave the default branch to the inventory that owns the project and declare this environment's own branch, "
            "or declare neon_project_ownership: owner",
        )
    if parent and parent == name:
        yield finding(values, "neon_branch_parent", "a branch cannot be its own parent", f"Declare the branch that {name} is made from")
    elif name == default and (parent or source):
        variable = "neon_branch_parent" if parent else "neon_branch_init_source"
        yield finding(
            values,
            variable,
            f"{name} is the project's default branch, which is not made from another one",
            "Leave it empty, or declare another neon_default_branch",
        )
    elif name != default and not parent:
        yield finding(
            values,
            "neon_branch_parent",
            f"{name} is not the default branch, so it has to be made from another one",
            f"Declare its parent, for example {default}",
        )
    else:
        yield from _unknown_parent(values)
        # Empty means parent-data, Neon's default. A value that is no choice is not among the values and has its own finding.
        if name != default and "neon_branch_init_source" in values and source != "schema-only":
            yield from _data_copy(values, name, parent or "")
    if name == default and values.get("neon_branch_protected") is False:
        yield finding(
            values,
            "neon_branch_protected",
            f"{name} is the default branch and may be deleted or reset",
            "Declare true where the plan allows it",
            warning=True,
        )


def _unknown_parent(values: Values) -> t.Iterator[Finding]:
    """A misspelt parent would only be noticed after a missing project was made; only the default branch exists in any project."""
    parent, default = values.get("neon_branch_parent"), values.get("neon_default_branch")
    if parent and parent != default and not values.get("neon_project_id"):
        yield finding(
            values,
            "neon_branch_parent",
            f"the only branch that a project is sure to have is its default branch, {default}",
            f"Declare {default}, or pin the project whose branch {parent} is meant by neon_project_id",
        )


def _data_copy(values: Values, name: str, parent: str) -> t.Iterator[Finding]:
    source = values.get("neon_branch_init_source")
    said = f"{name} starts with all rows of {parent}" + ("" if source else ", because that is Neon's default")
    if values.get("neon_branch_allow_data_copy"):
        yield finding(values, "neon_branch_init_source", f"{said}, personal data included", "Declare schema-only if this is not meant", warning=True)
    else:
        yield finding(
            values,
            "neon_branch_init_source",
            f"{said}, personal data included, and nobody has said that this is meant",
            "Declare schema-only, or say it with neon_branch_allow_data_copy: true",
        )


def compute_units_known(values: Values) -> bool:
    """Return whether both bounds of the compute can be calculated with."""
    return not list(compute(values)) and values.get("neon_compute_min_cu") is not None and values.get("neon_compute_max_cu") is not None


RULES: tuple[Rule, ...] = (
    api_key,
    api_host,
    api_timeout,
    names,
    pinned_ids,
    server_major,
    compute,
    suspend,
    history,
    project_settings,
    branch,
    preview,
)
