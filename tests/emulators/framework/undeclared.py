# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find fields of a document that its schema does not declare.

OpenAPI allows additional properties unless a schema forbids them, so a misspelt optional field passes ordinary validation and the
provider silently ignores it. An emulator that ignored it as well would hide the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]
Resolve = Callable[[Schema], Schema]


def undeclared_fields(value: Any, schema: Schema, resolve: Resolve, where: str = "") -> Iterator[str]:
    """Yield the dotted path of every object field in ``value`` that ``schema`` does not know.

    :param value: a decoded JSON document.
    :param schema: its schema; ``$ref`` allowed.
    :param resolve: returns the schema that a ``$ref`` points to, or the schema itself.
    :param where: path of ``value`` inside the document.
    """
    variants = list(_flatten(schema, resolve))
    if isinstance(value, list):
        items = [variant["items"] for variant in variants if "items" in variant]
        for index, item in enumerate(value):
            if items:
                yield from undeclared_fields(item, {"allOf": items}, resolve, f"{where}[{index}]")
    elif isinstance(value, dict):
        declared: dict[str, list[Schema]] = {}
        for variant in variants:
            for name, property_schema in variant.get("properties", {}).items():
                declared.setdefault(name, []).append(property_schema)
        extra = [variant["additionalProperties"] for variant in variants if variant.get("additionalProperties") not in (None, False)]
        free = any(item is True or item == {} for item in extra) or (not declared and not extra)
        for name, item in value.items():
            path = f"{where}.{name}" if where else name
            schemas = declared.get(name) or [schema for schema in extra if isinstance(schema, dict) and schema]
            if schemas:
                yield from undeclared_fields(item, {"allOf": schemas}, resolve, path)
            elif not free:
                yield path


def _flatten(schema: Schema, resolve: Resolve) -> Iterator[Schema]:
    """Yield ``schema`` and everything it is combined from, references resolved."""
    schema = resolve(schema)
    yield schema
    for keyword in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(keyword, ()):
            yield from _flatten(part, resolve)
