# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preflight finds, and how it is said."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

#: Longer values are cut where they are shown.
SHOWN_LENGTH = 120
HIDDEN = "(value hidden)"

_SECRET_KEY = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is wrong with the declaration, or (``warning``) that the operator has to know.

    :param variable: the inventory's variable.
    :param value: the declared value as it may be shown; see :func:`shown`. None when nothing is declared.
    :param reason: why it cannot stay, a sentence without a full stop.
    :param remedy: what to do.
    :param warning: true if the run may go on.
    """

    variable: str
    value: str | None
    reason: str
    remedy: str
    warning: bool = False

    def describe(self) -> str:
        """Return the finding as one line."""
        head = self.variable if self.value is None else f"{self.variable} = {self.value}"
        # Names may hold anything; values are JSON and have no line ends.
        return re.sub(r"\s+", " ", f"{head}: {self.reason.rstrip('.')}. {self.remedy.rstrip('.')}.")


def shown(value: t.Any, secret: bool = False) -> str:
    """Return a value as messages show it: as JSON on one line, cut, or not at all if it is secret.

    What stands behind a key that sounds like a secret is hidden in any case: somebody may have put it where it does not belong.
    """
    if secret:
        return HIDDEN
    text = json.dumps(_masked(value), ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 3]}..."


def _masked(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: HIDDEN if _SECRET_KEY.search(str(key)) else _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def finding(values: t.Mapping[str, t.Any], variable: str, reason: str, remedy: str, *, warning: bool = False, secret: bool = False) -> Finding:
    """Return a finding about a declared variable with its value."""
    return Finding(variable, shown(values[variable], secret) if variable in values else None, reason, remedy, warning)


def message(head: str, findings: t.Sequence[Finding]) -> str:
    """Return the one message that lists everything that is wrong, one finding a line.

    :param head: what could not be done, a sentence without a full stop.
    """
    lines = [f"{head}. Nothing was touched."]
    lines.extend(f"{number}. {item.describe()}" for number, item in enumerate(findings, 1))
    return "\n".join(lines)
