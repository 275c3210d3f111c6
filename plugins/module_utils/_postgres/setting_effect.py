# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value that each parameter would have at the server's next start: what is declared, together with what is configured already. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .setting_catalogue import Parameter
from .setting_model import SettingState, Step
from .setting_number import show_with_unit
from .setting_value import stored_canonical


@dataclasses.dataclass(frozen=True)
class Effect:
    """:param value: for comparing: whole numbers in the parameter's unit, other numbers, lower-case words, or tuples of elements.

    :param text: for people.
    :param origin: where it comes from, in a word or two.
    """

    value: t.Any
    text: str
    origin: str


def effects(state: SettingState, steps: t.Sequence[Step], names: t.Iterable[str]) -> dict[str, Effect]:
    """Return the effect of each parameter that the server has and whose value can be told."""
    declared = {step.parameter.name.lower(): step for step in steps if step.wanted.scope.is_system}
    found: dict[str, Effect] = {}
    for name in names:
        parameter = state.catalogue.get(name)
        effect = _effect(state, parameter, declared.get(name)) if parameter else None
        if effect:
            found[name] = effect
    return found


def running_effect(parameter: Parameter) -> Effect | None:
    """Return the value that is in force now."""
    return _read(parameter, parameter.running, "running")


def _effect(state: SettingState, parameter: Parameter, step: Step | None) -> Effect | None:
    if parameter.source == "command line":
        return _read(parameter, parameter.running, "on the command line")
    if parameter.context == "internal":
        return _read(parameter, parameter.running, "fixed")
    name = parameter.name.lower()
    if step is not None and step.value is not None:
        return Effect(_comparable(parameter, step.value.canonical), step.value.text, "declared")
    if step is not None and step.differs:
        if not state.backend.by_sql or not state.file_readable:
            # What is configured beneath shows only when it is in force.
            return None
        text = state.below_text.get(name)
        return _read(parameter, text, "in postgresql.conf") if text is not None else _read(parameter, parameter.boot_val, "the default")
    if not state.file_readable:
        return running_effect(parameter)
    if name in state.file_text:
        return _read(parameter, state.file_text[name], "configured")
    if not state.backend.by_sql:
        # The provider's API shows what it was given, not what the provider configures itself.
        return running_effect(parameter)
    return _read(parameter, parameter.boot_val, "the default")


def _read(parameter: Parameter, text: str | None, origin: str) -> Effect | None:
    """Return the effect of a text of the server's; None if there is none, or if the server could not read it either."""
    canonical = stored_canonical(parameter, text)
    if text is None or (isinstance(canonical, tuple) and canonical[:1] == ("unreadable",)):
        return None
    return Effect(_comparable(parameter, canonical), show_with_unit(text, parameter.unit), origin)


def _comparable(parameter: Parameter, canonical: t.Any) -> t.Any:
    if parameter.vartype == "integer":
        return int(canonical)
    return float(canonical) if parameter.vartype == "real" else canonical
