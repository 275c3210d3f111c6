# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of the collection inside the test process and returns the result that Ansible would see."""

from __future__ import annotations

import contextlib
import io
import json
import types
import typing as t
from unittest import mock

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args


def run_module(module: types.ModuleType, params: t.Mapping[str, t.Any], check: bool = False, diff: bool = True) -> dict[str, t.Any]:
    """Run ``module.main()`` and return the JSON that it prints, with ``warnings`` (a list of texts, maybe empty) added.

    The result went through Ansible's own masking, so a test can look for secrets in it. ``invocation`` is part of it, as in a real run.

    :raises AssertionError: if the module ends without a result, prints anything else, or its exit code contradicts the result.
    """
    arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_socket": None, "_ansible_remote_tmp": "/tmp"}
    warnings: list[str] = []
    printed = io.StringIO()
    code: t.Any = None
    with patch_module_args(arguments), mock.patch.object(AnsibleModule, "warn", lambda self, warning, **kwargs: warnings.append(warning)):
        with contextlib.redirect_stdout(printed):
            try:
                module.main()
            except SystemExit as end:
                code = end.code
    text = printed.getvalue().strip()
    assert text, "the module ended without a result"
    result = json.loads(text)
    assert isinstance(result, dict), f"the module printed {text!r}"
    assert bool(code) == bool(result.get("failed")), f"exit code {code} with the result {result}"
    result["warnings"] = warnings
    return result
