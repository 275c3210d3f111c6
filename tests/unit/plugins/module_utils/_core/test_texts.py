# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no text is refused where a text belongs, at any depth, and nowhere else."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.texts import refuse_no_texts

SPEC: dict[str, t.Any] = {
    "name": {"required": True},
    "file": {"type": "path"},
    "key": {"type": "str", "no_log": True},
    "keys": {"type": "list", "elements": "str", "no_log": True},
    "value": {"type": "raw"},
    "size": {"type": "int"},
    "words": {"type": "list", "elements": "str"},
    "anything": {"type": "list"},
    "free": {"type": "dict"},
    "part": {"type": "dict", "options": {"text": {"type": "str"}, "rest": {"type": "raw"}}},
    "parts": {"type": "list", "elements": "dict", "options": {"text": {"type": "str"}}},
}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": None, "file": "x", "words": None, "part": None, "parts": None},
        {"name": 5, "file": 1.5, "words": ["a", 5]},
        {"name": datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)},
        {"value": ["a"], "size": True, "anything": [["a"], True], "free": {"a": ["b"]}},
        {"part": {"text": "a", "rest": [True]}, "parts": [{"text": "a"}, {"text": 5}]},
        # Ansible reads texts as dictionaries and lists, and says what is wrong with them.
        {"words": "a,b", "part": "text=a", "parts": "x"},
        {"_ansible_check_mode": True},
    ],
)
def test_what_is_or_becomes_a_text_is_taken(given: dict[str, t.Any]) -> None:
    refuse_no_texts(SPEC, given)


@pytest.mark.parametrize(
    ("given", "head"),
    [
        ({"name": ["a"]}, 'option name: it is the list ["a"], and a text is wanted.'),
        ({"name": {}}, "option name: it is the dictionary {}, and a text is wanted."),
        ({"name": False}, "option name: it is the boolean false, and a text is wanted."),
        ({"file": ["a"]}, 'option file: it is the list ["a"]'),
        ({"key": ["hunter2"]}, "option key: it is the list, and a text is wanted."),
        ({"keys": ["a", ["hunter2"]]}, "option keys (entry 2): it is the list, and a text is wanted."),
        ({"words": ["a", ["b"]]}, 'option words (entry 2): it is the list ["b"]'),
        ({"part": {"text": {"a": 1}}}, 'option part.text: it is the dictionary {"a": 1}'),
        ({"parts": [{"text": "a"}, {"text": True}]}, "option parts[2].text: it is the boolean true"),
        ({"name": ["é" * 200]}, 'option name: it is the list ["' + "é" * 115 + "..., and"),
    ],
)
def test_what_is_no_text_is_refused(given: dict[str, t.Any], head: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_no_texts(SPEC, given)
    assert str(caught.value).startswith(head)
    assert "hunter2" not in str(caught.value)
