# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict is remembered by a message's form, and what is wrong is said of the message itself."""

from __future__ import annotations

import json
import re

import pytest
from unit.served_things import DOCUMENT

from emulators.framework.contract import Contract, Message
from emulators.neon import names


def contract_in(folder):
    path = folder / "things.json"
    path.write_text(json.dumps(DOCUMENT))
    return Contract(path, "/api", ((re.compile(r"\bt-\d{4}\b"), "t-1234"),))


def posted(label, **headers):
    body = json.dumps({"id": 1, "label": label}).encode()
    return Message("POST", "/api/things", headers=tuple(headers.items()), content_type="application/json", body=body)


def test_messages_of_one_form_are_judged_once(tmp_path):
    contract = contract_in(tmp_path)
    for number, thing in enumerate(["t-0001", "t-0002"]):
        request = Message("GET", f"/api/things/{thing}", headers=(("X-Request-ID", str(number)), ("Content-Length", str(number))))
        contract.request_violations("/things/{id}", request)
    assert contract._judge_request.cache_info().misses == 1


def test_another_form_is_judged_by_itself(tmp_path):
    contract = contract_in(tmp_path)
    assert contract.request_violations("/things", posted("abc")) == []
    assert contract.request_violations("/things", posted("abcd")) != []


def test_what_is_wrong_is_said_with_the_messages_own_words(tmp_path):
    contract = contract_in(tmp_path)
    for label in ("t-0001", "t-0002", "2026-11-24T20:00:00Z"):
        assert any(f"'{label}' is too long" in text for text in contract.request_violations("/things", posted(label)))


@pytest.mark.parametrize(
    ("make", "example"),
    [
        (names.two_words_and_digits, "adjectives-noticeable-12345678"),
        (names.branch_id, "br-adjectives-noticeable-12345678"),
        (names.endpoint_id, "ep-adjectives-noticeable-12345678"),
        (names.snapshot_id, "snap-adjectives-noticeable-12345678"),
        (names.password, "npg_AbCdEf123456"),
    ],
)
def test_what_the_local_neon_makes_up_has_the_form_of_its_example(make, example):
    for _attempt in range(50):
        text = make()
        for pattern, replacement in names.ALIKE:
            text = pattern.sub(replacement, text)
        assert text == example
