# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that are texts, and values that are none. Pure functions.

Ansible makes a text of whatever is given for an option of the type ``str``: a list becomes ``['a']``, a truth value ``True``. As the name of an object
that text would be taken at its word. Numbers stay allowed, a name may look like one.
"""

from __future__ import annotations

import json
import typing as t

from .errors import InputError

_KINDS: t.Final = (("list", (list, tuple)), ("dictionary", (dict,)), ("boolean", (bool,)))
# Longer values are cut where they are shown.
_SHOWN_LENGTH: t.Final = 120


def refuse_no_texts(argument_spec: t.Mapping[str, t.Mapping[str, t.Any]], given: t.Mapping[str, t.Any], place: str = "") -> None:
    """Refuse a list, a dictionary or a boolean where a text belongs.

    :param argument_spec: what a module takes, as ``AnsibleModule`` knows it.
    :param given: what the task gives, before Ansible converts anything.
    :param place: the option that ``given`` is the value of, with a full stop at its end.
    :raises InputError: naming the first such option, with its value unless that is secret.
    """
    for option, rule in argument_spec.items():
        _refuse_no_text(given.get(option), rule, place + option)


def _refuse_no_text(value: t.Any, rule: t.Mapping[str, t.Any], option: str) -> None:
    wanted, inner = rule.get("type", "str"), rule.get("options")
    if wanted in ("str", "path"):
        _refuse(value, option, secret=bool(rule.get("no_log")))
    elif wanted == "list" and isinstance(value, (list, tuple)):
        item = {"type": rule.get("elements", "raw"), "options": inner, "no_log": rule.get("no_log")}
        for number, entry in enumerate(value, 1):
            _refuse_no_text(entry, item, f"{option} (entry {number})" if inner is None else f"{option}[{number}]")
    elif wanted == "dict" and inner is not None and isinstance(value, dict):
        refuse_no_texts(inner, value, f"{option}.")


def _refuse(value: t.Any, option: str, *, secret: bool) -> None:
    kind = next((kind for kind, types in _KINDS if isinstance(value, types)), None)
    if kind is None:
        return
    shown = "" if secret else f" {_shown(value)}"
    raise InputError(
        f"it is the {kind}{shown}, and a text is wanted",
        where=f"option {option}",
        why="Ansible would make the text of it that Python shows, and that would be taken at its word",
        remedy="Give the text itself, in quotes if YAML reads something else" if kind == "boolean" else "Give the text itself",
    )


def _shown(value: t.Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 3]}..."
