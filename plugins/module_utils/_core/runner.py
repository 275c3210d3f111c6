# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shared runner: the only code that calls ``exit_json`` and ``fail_json``.

A module's ``main()`` hands over its argument spec and a function that builds the resource (:func:`run_resource`) or a function
that only looks (:func:`run_info`).
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, _load_params

from .errors import DbinfraError
from .masking import masked
from .reconcile import Outcome, Resource, Shown, reconcile
from .texts import refuse_no_texts


class Context:
    """What a resource may know of the task it runs in."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self.params: dict[str, t.Any] = module.params
        self.check_mode: bool = module.check_mode
        self.collection_module: str = module._name or "dbinfra.postgres"

    def hide(self, secret: str | None) -> None:
        """Mask a secret that was learned at run time (not passed in) in everything that the task prints."""
        if secret:
            self._module.no_log_values.add(secret)

    def run(self, command: t.Sequence[str]) -> tuple[int, str]:
        """Run a program on the host of the task; return its status and what it printed, standard error last."""
        status, output, errors = self._module.run_command(list(command))
        return status, (output + errors).strip()

    def warn(self, text: str) -> None:
        """Show a warning at the end of the task."""
        self._module.warn(text)


def run_resource(spec: t.Mapping[str, t.Any], build: t.Callable[[Context], Resource[t.Any]]) -> t.NoReturn:
    """Run the reconcile flow for the resource that ``build`` returns.

    :param spec: the keyword arguments of ``AnsibleModule``; check mode is always supported.
    """
    _run(spec, lambda context: reconcile(build(context), check_mode=context.check_mode))


def run_info(spec: t.Mapping[str, t.Any], look: t.Callable[[Context], t.Mapping[str, t.Any]]) -> t.NoReturn:
    """Run a function that only looks; its mapping becomes the result, and nothing is ever changed."""
    _run(spec, lambda context: Outcome(changed=False, facts=look(context)))


def _run(spec: t.Mapping[str, t.Any], work: t.Callable[[Context], Outcome]) -> t.NoReturn:
    module = AnsibleModule(supports_check_mode=True, **spec)
    # A blank is no secret, and masking it would make every message unreadable, the one that refuses it first of all.
    module.no_log_values.difference_update([value for value in module.no_log_values if not value.strip()])
    try:
        # Ansible has converted what module.params holds. Its function for modules that want to see what they were handed reads it once more.
        refuse_no_texts(spec["argument_spec"], _load_params())
        outcome = work(Context(module))
    except DbinfraError as error:
        module.fail_json(msg=error.message(), **error.details)
    except Exception as error:  # pylint: disable=broad-except  # noqa: BLE001 (the last net: no traceback reaches a user)
        # Ansible shows the traceback only on request; the message stays one line.
        module.fail_json(
            msg=f"This is a defect of dbinfra.postgres, not of your declaration: {type(error).__name__}: {masked(str(error))}. "
            "Nothing more was changed after this point. Please report it with the output of -vvv.",
            exception=masked(traceback.format_exc()),
        )
    for warning in outcome.warnings:
        module.warn(warning)
    result: dict[str, t.Any] = {"changed": outcome.changed, **outcome.facts}
    if outcome.actions:
        result["actions"] = list(outcome.actions)
    if module._diff and outcome.changed:
        result["diff"] = {"before": _shown(outcome.before), "after": _shown(outcome.after)}
    module.exit_json(**result)


def _shown(side: Shown) -> t.Any:
    return side if isinstance(side, str) else dict(side)
