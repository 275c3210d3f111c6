# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the expressions of variables refer to. Pure: nothing is templated, only parsed."""

from __future__ import annotations

import collections.abc as c
import typing as t

import jinja2
import jinja2.nodes

#: Look-ups that read what the run itself brings about: a password, a secret, a delivered file.
LATE_LOOKUPS = frozenset({"dbinfra.postgres.neon_password", "dbinfra.postgres.secret", "dbinfra.postgres.env_file"})

_LOOKUP_FUNCTIONS = frozenset({"lookup", "query", "q"})

# Ansible's own templates know these two extensions; filters and tests need not exist for parsing.
_PARSER = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=False)  # noqa: S701  (nothing is rendered)


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, c.Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, c.Sequence) and not isinstance(value, (bytes, bytearray)):
        for item in value:
            yield from _texts(item)


def _trees(value: t.Any) -> t.Iterator[jinja2.nodes.Template]:
    for text in _texts(value):
        try:
            yield _PARSER.parse(text)
        except jinja2.TemplateSyntaxError:
            # Templating the variable will say what is wrong with it.
            continue


def references(value: t.Any) -> set[str]:
    """Return the names of the variables that the expressions in a raw value read."""
    found: set[str] = set()
    for tree in _trees(value):
        # jinja2.meta would refuse filters that it does not know. A name that the template sets itself (set, for) is none of the inventory's.
        names = list(tree.find_all(jinja2.nodes.Name))
        found |= {name.name for name in names if name.ctx == "load"} - {name.name for name in names if name.ctx != "load"}
    return found


def lookups(value: t.Any) -> set[str]:
    """Return the names of the look-ups that the expressions in a raw value call."""
    found: set[str] = set()
    for tree in _trees(value):
        for call in tree.find_all(jinja2.nodes.Call):
            if isinstance(call.node, jinja2.nodes.Name) and call.node.name in _LOOKUP_FUNCTIONS and call.args:
                plugin = call.args[0]
                if isinstance(plugin, jinja2.nodes.Const) and isinstance(plugin.value, str):
                    found.add(plugin.value)
    return found


def alias_of(value: t.Any) -> str | None:
    """Return the variable that a raw value simply passes on (``"{{ other }}"``), None if it is anything else."""
    expression = _only_expression(value)
    return expression.name if isinstance(expression, jinja2.nodes.Name) else None


def optional_alias_of(value: t.Any) -> str | None:
    """Return the variable that a raw value passes on if it is there (``"{{ other | default(x) }}"``), None if it is anything else."""
    expression = _only_expression(value)
    if not isinstance(expression, jinja2.nodes.Filter) or expression.name not in ("default", "d"):
        return None
    # Several defaults are filters around each other.
    while isinstance(expression, jinja2.nodes.Filter) and expression.name in ("default", "d"):
        expression = expression.node
    return expression.name if isinstance(expression, jinja2.nodes.Name) else None


def _only_expression(value: t.Any) -> jinja2.nodes.Node | None:
    """Return the expression that a raw value consists of, None if it is anything else."""
    if not isinstance(value, str) or "{{" not in value:
        return None
    body = next(iter(_trees(value)), None)
    if body is None or len(body.body) != 1 or not isinstance(body.body[0], jinja2.nodes.Output):
        return None
    parts = body.body[0].nodes
    return parts[0] if len(parts) == 1 else None


def depends_on(variables: t.Mapping[str, t.Any], name: str) -> set[str]:
    """Return every variable that the expression of a variable reads, directly or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in references(variables.get(waiting.pop())) - found:
            found.add(other)
            if other in variables:
                waiting.append(other)
    return found


def late_names(variables: t.Mapping[str, t.Any], names: t.Iterable[str], set_later: t.Collection[str]) -> dict[str, str]:
    """Return which of the names depend on something that only the run will bring about, and on what.

    :param variables: raw values by name.
    :param names: the variables to look at.
    :param set_later: facts that tasks of the run set. One that is set already is not waited for.
    """
    awaited = set(set_later) - set(variables)
    memory: dict[str, str | None] = {}

    def reason(name: str) -> str | None:
        if name in awaited:
            return name
        if name not in variables:
            return None
        if name not in memory:
            # Stands while the recursion is under way: a loop of variables depends on nothing new.
            memory[name] = None
            raw = variables[name]
            late = sorted(lookups(raw) & LATE_LOOKUPS)
            memory[name] = f"lookup {late[0]}" if late else next((found for found in map(reason, sorted(references(raw))) if found), None)
        return memory[name]

    return {name: found for name in names if (found := reason(name))}
