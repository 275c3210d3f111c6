# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all Neon resources share: a change is sent, waited for, and adopted if its answer was lost."""

from __future__ import annotations

import typing as t

from .._core.errors import DbinfraError, NotFoundError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .client import NeonClient
from .failures import ConflictError, LostAnswer
from .operations import wait_for, wait_until_settled

# After a lost answer the object may appear a little later; looks follow each other after these pauses, in seconds.
_LOOKS_AFTER_LOSS: t.Final = (0.0, 1.0, 2.0, 4.0, 8.0)
_SECRET_FIELDS: t.Final = frozenset({"password", "connection_uri", "uri"})


class NeonResource:
    """Base of the resources. A subclass gives ``read``, ``plan``, ``facts`` and :meth:`send`."""

    def __init__(self, context: Context, client: NeonClient) -> None:
        self.context = context
        self.client = client

    def read(self) -> t.Any:
        """Return the present state."""
        raise NotImplementedError

    def plan(self, state: t.Any) -> Plan:
        """Plan by the pure function of the resource."""
        raise NotImplementedError

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send the request of one change and return the answer."""
        raise NotImplementedError

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the id of the project whose operations belong to a change.

        :param answer: the answer, None if it was lost.
        """
        raise NotImplementedError

    def apply(self, change: Change) -> None:
        """Carry out one change and wait for the provider's operations.

        A lost answer or a conflict is not the end: the object is read again by its exact name, and if nothing of this change is left to
        do, it is adopted. It is never sent a second time, for then there might be two.
        """
        try:
            answer = self.send(change)
        except (LostAnswer, ConflictError) as failure:
            self._adopt(change, failure)
            return
        hide_secrets(self.context, answer)
        project_id = self.settled_project(answer)
        if project_id is not None:
            wait_for(self.client, project_id, answer.get("operations"))

    def _adopt(self, change: Change, failure: DbinfraError) -> None:
        looks = _LOOKS_AFTER_LOSS if isinstance(failure, LostAnswer) else _LOOKS_AFTER_LOSS[:1]
        for pause in looks:
            if not self.client.pause(pause):
                break
            left = self.plan(self.read()).changes
            if not any((rest.action, rest.subject) == (change.action, change.subject) for rest in left):
                self._settle()
                return
        raise failure

    def _settle(self) -> None:
        project_id = self.settled_project(None)
        if project_id is None:
            return
        try:
            wait_until_settled(self.client, project_id)
        except NotFoundError:
            # The project itself was deleted: nothing is left to wait for.
            return


def hide_secrets(context: Context, answer: t.Any) -> None:
    """Mask every password and connection URI of an answer in whatever the task prints."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key in _SECRET_FIELDS and isinstance(value, str):
                context.hide(value)
            else:
                hide_secrets(context, value)
    elif isinstance(answer, list):
        for item in answer:
            hide_secrets(context, item)
