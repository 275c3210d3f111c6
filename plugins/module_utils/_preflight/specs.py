# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of declared values against argument specs. Pure; the variables are validated one by one so that every finding has its variable."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import ArgumentTypeError, ArgumentValueError, ElementError, UnsupportedError

from .findings import Finding, shown

#: Ansible's semantic markup, such as V(branch).
_MARKUP = re.compile(r"\b[A-Z]+\(([^)]*)\)")


@dataclasses.dataclass(frozen=True)
class RoleSpec:
    """The public variables of a role.

    :param role: its name, as messages show it.
    :param options: the options of the entry point ``main``, as in meta/argument_specs.yml.
    :param provides: facts that the role's tasks set, for the roles behind it.
    """

    role: str
    options: t.Mapping[str, t.Mapping[str, t.Any]]
    provides: frozenset[str] = frozenset()


#: Variables of the inventories that belong to no role: roles get them wired (playbooks/vars), and the rules across roles read them.
SHARED = RoleSpec(
    "the inventories",
    {
        "db_provider": {"type": "str", "choices": ["neon"], "description": "Who runs the database."},
        "db_pool_min": {"type": "int", "description": "Connections that the application keeps open."},
        "db_pool_max": {"type": "int", "description": "Connections that the application may hold."},
        "db_tls_mode": {"type": "str", "choices": ["verify-full", "verify-ca", "require"], "description": "How connections check the server."},
        "db_tls_min_protocol": {"type": "str", "choices": ["TLSv1.2", "TLSv1.3"], "description": "The oldest TLS version."},
        "db_tls_ca_file": {"type": "path", "description": "The CA certificates that connections trust."},
        "db_state_dir": {"type": "path", "description": "Where this control node keeps what must survive a run."},
    },
)


def is_secret(option: t.Mapping[str, t.Any]) -> bool:
    """Return whether an option, or anything inside it, must not be shown."""
    return bool(option.get("no_log")) or any(is_secret(inner) for inner in (option.get("options") or {}).values())


def description(option: t.Mapping[str, t.Any]) -> str:
    """Return the first sentence of an option's description, an empty text if it has none."""
    text = option.get("description") or ""
    first = text if isinstance(text, str) else str(text[0]) if text else ""
    return _MARKUP.sub(r"\1", first).strip()


def missing(name: str, option: t.Mapping[str, t.Any], role: str, *, declared: bool = False) -> Finding:
    """Return the finding for a variable that a role cannot do without.

    :param name: the variable that the operator declares; roles may get its value under another name.
    :param option: what is known about that variable.
    :param declared: it is declared, but as null.
    """
    what = description(option)
    reason = "it is declared without a value" if declared else "it is not declared"
    return Finding(name, None, f"the role {role} needs it, and {reason}", f"Declare it in the inventory's group_vars{': ' + what if what else ''}")


def validate(name: str, option: t.Mapping[str, t.Any], value: t.Any, label: str | None = None) -> tuple[t.Any, list[Finding]]:
    """Check one value against its option, and return it in the option's type.

    :param value: the templated value in plain types.
    :param label: how the variable is called in findings, its name unless given.
    """
    label = label or name
    secret = is_secret(option)
    if value is None:
        return None, []
    result = ArgumentSpecValidator({name: dict(option)}).validate({name: value}, validate_role_argument_spec=True)
    errors = list(result.errors.errors)
    if not errors:
        return result.validated_parameters[name], []
    # Ansible reports an element that does not fit several times over.
    errors = [error for error in errors if isinstance(error, ElementError)][:1] or errors
    what = description(option)
    remedy = f"Correct it: {what}" if what and not option.get("choices") and not option.get("options") else "Correct it"
    return value, [Finding(label, shown(value, secret), _reason(error, option, secret), remedy) for error in errors]


def _reason(error: Exception, option: t.Mapping[str, t.Any], secret: bool) -> str:
    nested = "found in" in str(error)
    if isinstance(error, ElementError):
        return f"its elements must be of the type {option.get('elements', 'str')}"
    if isinstance(error, ArgumentValueError) and option.get("choices") and not nested:
        return f"it must be one of {', '.join(shown(choice) for choice in option['choices'])}"
    if isinstance(error, ArgumentTypeError) and not nested:
        return f"it must be of the type {option.get('type', 'str')}"
    if secret:
        # Ansible's own words repeat the value.
        return "it does not have the form that the role's argument spec asks for"
    text = str(error).rstrip(".")
    return f"unknown: {text}" if isinstance(error, UnsupportedError) else text
