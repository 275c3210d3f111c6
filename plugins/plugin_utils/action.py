# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection's action plugins share: options are read and errors are shown as the modules do it."""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.masking import masked
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain


class DbinfraAction(ActionBase):
    """An action that works on the control node. Subclasses set :attr:`SPEC` and implement :meth:`work`."""

    #: The argument spec, as for a module.
    SPEC: t.Mapping[str, t.Any] = {}

    _requires_connection = False

    def work(self, params: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Do the work and return the result's own keys.

        :raises DbinfraError: for everything that the user can act upon.
        """
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Read the options, work, and turn errors into a failed task with one message."""
        result = super().run(tmp=None, task_vars=task_vars)
        try:
            return {**result, "changed": False, **self.work(self._params(), task_vars or {})}
        except DbinfraError as error:
            return {**result, "changed": False, "failed": True, "msg": error.message(), **error.details}
        except Exception as error:  # noqa: BLE001  (the last resort)
            # Ansible shows the traceback only on request; the message stays one line.
            return {
                **result,
                "changed": False,
                "failed": True,
                "msg": f"This is a defect of dbinfra.postgres, not of your declaration: {type(error).__name__}: {masked(str(error))}. "
                "Please report it with the output of -vvv.",
                "exception": masked(traceback.format_exc()),
            }

    def _params(self) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(dict(self.SPEC)).validate(to_plain(self._task.args))
        if checked.error_messages:
            raise InputError("; ".join(checked.error_messages), where=f"options of {self._task.action}", remedy="Correct the task")
        return checked.validated_parameters
