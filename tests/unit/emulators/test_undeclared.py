# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that a schema does not declare are found, wherever they are."""

from __future__ import annotations

import pytest

from emulators.framework.undeclared import undeclared_fields

SCHEMAS = {
    "Name": {"type": "object", "properties": {"name": {"type": "string"}}},
    "Size": {"type": "object", "properties": {"size": {"type": "integer"}}},
    "Map": {"type": "object", "additionalProperties": {"type": "string"}},
    "Both": {"allOf": [{"$ref": "Name"}, {"$ref": "Size"}]},
    "Nested": {
        "type": "object",
        "properties": {"both": {"$ref": "Both"}, "list": {"type": "array", "items": {"$ref": "Name"}}, "map": {"$ref": "Map"}},
    },
    "Objects": {"type": "object", "additionalProperties": {"$ref": "Name"}},
    "Anything": {"type": "object"},
}


def resolve(schema: dict) -> dict:
    return SCHEMAS[schema["$ref"]] if "$ref" in schema else schema


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ("Name", {"name": "x"}, []),
        ("Name", {"nme": "x"}, ["nme"]),
        ("Both", {"name": "x", "size": 1}, []),
        ("Both", {"name": "x", "colour": 1}, ["colour"]),
        ("Nested", {"both": {"size": 1, "sise": 2}}, ["both.sise"]),
        ("Nested", {"list": [{"name": "x"}, {"name": "x", "y": 1}]}, ["list[1].y"]),
        ("Nested", {"map": {"any": "text"}}, []),
        ("Objects", {"a": {"name": "x"}, "b": {"other": 1}}, ["b.other"]),
        ("Anything", {"any": {"thing": 1}}, []),
    ],
)
def test_undeclared_fields(schema, value, expected):
    assert list(undeclared_fields(value, {"$ref": schema}, resolve)) == expected
