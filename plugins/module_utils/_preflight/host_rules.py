# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for TLS and for what is kept on the control node. Pure: what the file system says is handed in as facts."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from .findings import Finding, finding, shown

Values = t.Mapping[str, t.Any]

CA_VARIABLE = "db_tls_ca_file"
#: Directories and files that are written on the control node. A problem of an earlier one is not repeated for what lies inside it.
STATE_VARIABLES = ("db_state_dir", "db_preflight_lock_dir", "db_access_secret_file", "db_delivery_file")


#: Holds no secret, so it may lie anywhere. The playbook sets the role's variable from its own, which is what the caller has written.
REPORT_VARIABLE = "neon_preview_report_file"


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is wrong with a path.

    :param reason: a sentence without a full stop.
    :param remedy: what to do.
    """

    reason: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class FileFacts:
    """What the file system says.

    :param problems: by variable, of :data:`CA_VARIABLE` and :data:`STATE_VARIABLES`; a variable without a problem is not in it.
    """

    problems: t.Mapping[str, Problem] = dataclasses.field(default_factory=dict)


def tls(values: Values, facts: FileFacts) -> t.Iterator[Finding]:
    """Production checks the server's name and certificate; whoever verifies needs something to verify with."""
    mode = values.get("db_tls_mode")
    if mode is None:
        return
    if mode != "verify-full":
        protected = bool(values.get("neon_branch_protected"))
        yield finding(
            values,
            "db_tls_mode",
            "anybody with a certificate of the same CA can pose as the server"
            if mode == "verify-ca"
            else "anybody on the way can pose as the server",
            "Declare verify-full" + (", a protected branch is not reached with less" if protected else ""),
            warning=not protected,
        )
    problem = facts.problems.get(CA_VARIABLE)
    if problem is not None and mode.startswith("verify-"):
        yield finding(values, CA_VARIABLE, problem.reason, problem.remedy)


def state(values: Values, facts: FileFacts) -> t.Iterator[Finding]:
    """What holds secrets must lie where nobody else can replace it."""
    reported: list[pathlib.PurePath] = []
    for variable in STATE_VARIABLES:
        problem, path = facts.problems.get(variable), values.get(variable)
        if problem is None or not isinstance(path, str):
            continue
        place = pathlib.PurePath(path)
        if any(place.is_relative_to(parent) for parent in reported):
            continue
        reported.append(place)
        yield finding(values, variable, problem.reason, problem.remedy)


def report(values: Values, facts: FileFacts) -> t.Iterator[Finding]:
    """The report of a preview is written when everything else is done: what cannot be written has to be known before."""
    problem = facts.problems.get(REPORT_VARIABLE)
    if problem is not None:
        yield Finding(f"preview_report_file (the role's {REPORT_VARIABLE})", shown(values.get(REPORT_VARIABLE)), problem.reason, problem.remedy)


RULES = (tls, state, report)
