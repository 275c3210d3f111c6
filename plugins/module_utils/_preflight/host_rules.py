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
#: What a preview writes: the role's variable, and the words for it. One file each.
PREVIEW_FILES = {
    "neon_preview_env_file": "preview_env_file (the role's neon_preview_env_file)",
    REPORT_VARIABLE: f"preview_report_file (the role's {REPORT_VARIABLE})",
    "db_access_secret_file": "db_access_secret_file",
}
#: Where the roles write what the preview delivers. The playbook sets it to the preview's own file, and only the command line comes before that.
DELIVERY_VARIABLE = "db_delivery_file"
#: What the environment itself keeps, which no preview may write over.
FORBIDDEN_VARIABLE = "neon_preview_forbidden_files"


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
    :param places: by declared path, of a preview's files and of those that it must not write over, where that is: symbolic links resolved.
    """

    problems: t.Mapping[str, Problem] = dataclasses.field(default_factory=dict)
    places: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


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
        yield Finding(PREVIEW_FILES[REPORT_VARIABLE], shown(values.get(REPORT_VARIABLE)), problem.reason, problem.remedy)


def preview_files(values: Values, facts: FileFacts) -> t.Iterator[Finding]:
    """A preview writes each of its files on its own, and none of the environment's: the last one that is written would replace the other.

    What the command line gives for a variable of the environment replaces the preview's own value as well, and hides where the environment's
    file lies. So nobody can say that it is another file, and it is refused wherever it leads.
    """
    if REPORT_VARIABLE not in values:
        return

    def place(path: str) -> str:
        return facts.places.get(path, path)

    forbidden = {place(path) for path in values.get(FORBIDDEN_VARIABLE) or () if isinstance(path, str) and path}
    taken: dict[str, str] = {}
    for variable, words in PREVIEW_FILES.items():
        path = values.get(variable)
        if not isinstance(path, str) or not path:
            continue
        if place(path) in forbidden:
            reason = "the environment that the preview is made from keeps its own strings or passwords there"
            # Of the preview's files, this one has no variable of the playbook: only the command line leads it to the environment's.
            remedy = "Leave it out of the command line" if variable == "db_access_secret_file" else "Declare another file"
            yield Finding(words, shown(path), reason, remedy)
        elif place(path) in taken:
            yield Finding(words, shown(path), f"this is the file of {taken[place(path)]} as well", "Declare two different files")
        taken.setdefault(place(path), words)
    delivery, own = values.get(DELIVERY_VARIABLE), values.get("neon_preview_env_file")
    if isinstance(delivery, str) and isinstance(own, str) and place(delivery) != place(own):
        yield finding(
            values,
            DELIVERY_VARIABLE,
            "it is where the environment delivers its own connection strings, and the command line puts it in the place of the preview's file as well",
            "Leave it out of the command line; preview_env_file says where a preview's strings go",
        )


RULES = (tls, state, report, preview_files)
