# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules across roles. Pure."""

from __future__ import annotations

import typing as t

from . import access_rules, host_rules, neon_rules, pool_rules, setting_rules, tuning_rules
from .findings import Finding
from .host_rules import FileFacts


def judge(values: t.Mapping[str, t.Any], facts: FileFacts) -> list[Finding]:
    """Apply every rule.

    :param values: the declared values by variable, in their types. A variable that is not declared, whose value is not known yet or is of
        the wrong type is not in it; rules that need it say nothing.
    :param facts: what the file system says about the declared paths.
    """
    findings: list[Finding] = []
    for rule in (*pool_rules.RULES, *neon_rules.RULES, *access_rules.RULES, *tuning_rules.RULES, *setting_rules.RULES):
        findings.extend(rule(values))
    for rule in host_rules.RULES:
        findings.extend(rule(values, facts))
    return findings
