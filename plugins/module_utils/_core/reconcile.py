# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one reconcile flow: read, plan, apply, read again, and fail if anything is left to do.

A resource reads its state, a *pure* function plans, and :func:`reconcile` is the only place that decides whether something is
applied. Check mode therefore predicts exactly what a run does: both use the same plan.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import NotConvergedError

StateT = t.TypeVar("StateT")

# One side of a diff: names with their values, or the text of a file that people know. (No "|": the expression is evaluated.)
Shown = t.Union[t.Mapping[str, t.Any], str]  # noqa: UP007


@dataclasses.dataclass(frozen=True)
class Change:
    """One step of a plan.

    :param action: what :meth:`Resource.apply` is asked to do, for example ``create``, ``update``, ``delete``, ``grant``.
    :param subject: the object, for people, for example ``branch staging``.
    :param payload: what ``apply`` needs. It is never shown, it may hold secrets.
    """

    action: str
    subject: str
    payload: t.Any = dataclasses.field(default=None, repr=False)

    def describe(self) -> str:
        """Return the step in words."""
        return f"{self.action} {self.subject}"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done, and how the object looks before and after. Neither side of the diff may hold a secret."""

    changes: tuple[Change, ...] = ()
    before: Shown = dataclasses.field(default_factory=dict)
    after: Shown = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the runner turns into the task's result."""

    changed: bool
    facts: t.Mapping[str, t.Any]
    before: Shown = dataclasses.field(default_factory=dict)
    after: Shown = dataclasses.field(default_factory=dict)
    actions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Resource(t.Protocol[StateT]):
    """An object (or a whole collection of objects) that can be read, planned and changed."""

    def read(self) -> StateT:
        """Return the present state. Reads only."""

    def plan(self, state: StateT) -> Plan:
        """Hand over to the resource's pure planning function."""

    def apply(self, change: Change) -> None:
        """Carry out one change of the plan."""

    def facts(self, state: StateT, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return the result's own keys, without secrets.

        :param predicted: true in check mode with changes pending: ``state`` is then the state *before*, and the facts have to be
            those of the planned object, with nulls for what nobody can know yet and ``exists: false`` for an object yet to be made.
        """


def reconcile(resource: Resource[t.Any], *, check_mode: bool) -> Outcome:
    """Bring a resource to its declared state, or say what that would take.

    :raises NotConvergedError: if the plan is not empty after its changes were applied.
    """
    state = resource.read()
    plan = resource.plan(state)
    pending = bool(plan.changes)
    warnings = plan.warnings
    if pending and not check_mode:
        for change in plan.changes:
            resource.apply(change)
        state = resource.read()
        rest = resource.plan(state)
        if rest.changes:
            left = ", ".join(change.describe() for change in rest.changes)
            raise NotConvergedError(
                f"after the changes were applied there is still something to do: {left}",
                why="the provider or server accepted the change without making it, or someone else changes the same object",
                remedy="Look at the diff, find out who else manages the object, and run again",
                details={"left": [change.describe() for change in rest.changes]},
            )
        warnings = tuple(dict.fromkeys(warnings + rest.warnings))
    return Outcome(
        changed=pending,
        facts=resource.facts(state, plan, pending and check_mode),
        before=plan.before,
        after=plan.after,
        actions=tuple(change.describe() for change in plan.changes),
        warnings=warnings,
    )
