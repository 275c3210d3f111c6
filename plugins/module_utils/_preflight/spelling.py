# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that no role reads. Pure."""

from __future__ import annotations

import difflib
import typing as t

from .findings import Finding

#: How alike two names must be (difflib's ratio) for one to be taken for a misspelt other.
ALIKE = 0.8


def unread(declared: t.Collection[str], known: t.Collection[str], referenced: t.Collection[str], prefixes: t.Collection[str]) -> list[Finding]:
    """Return a finding for each declared variable that begins like a role's variables but is read by nobody.

    :param declared: the names of all variables.
    :param known: the names that roles and rules read.
    :param referenced: names that expressions of other variables read.
    :param prefixes: what the roles' variables begin with, for example ``neon_``.
    """
    findings: list[Finding] = []
    for name in sorted(set(declared) - set(known) - set(referenced)):
        if not name.startswith(tuple(prefixes)):
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=ALIKE)
        if near:
            findings.append(Finding(name, None, "no role reads it", f"It looks like a misspelt {near[0]}: correct the name, or remove it"))
        else:
            findings.append(
                Finding(name, None, "no role reads it", "Remove it, or give it a name that does not begin like a role's variables", warning=True)
            )
    return findings
