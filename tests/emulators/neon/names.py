# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, ids and passwords in the form the service gives them."""

from __future__ import annotations

import re
import secrets
import string

_ADJECTIVES = (
    "ancient autumn billowing bold calm cold crimson curly damp dawn delicate dry empty falling fancy flat floral fragrant frosty green hidden "
    "holy icy late lingering little lively lucky misty morning muddy nameless noisy odd old orange patient plain polished proud purple quiet "
    "rapid red restless rough round royal shiny shy silent small snowy soft solitary sparkling spring square steep still summer super sweet "
    "tight tiny twilight wandering weathered white wild winter wispy withered young"
)
_NOUNS = (
    "bar base bird block boat bonus bread breeze brook bush butterfly cake cell cherry cloud credit darkness dawn dew disk dream dust feather "
    "field fire firefly flower fog forest frog frost glade glitter grass hall hat haze heart hill king lab lake leaf limit math meadow mode moon "
    "morning mountain mouse mud night paper pine poetry pond queen rain recipe resonance rice river salad scene sea shadow shape silence sky smoke "
    "snow snowflake sound star sun sunset surf term thunder tooth tree truth union unit violet voice water waterfall wave wildflower wind wood"
)
ADJECTIVES = _ADJECTIVES.split()
NOUNS = _NOUNS.split()
#: Ids, passwords, places in the log and numbers of one form, with the longest example each: what the contract allows that, it allows all of them.
ALIKE = (
    (re.compile(r"\b[a-z]{3,10}-[a-z]{3,10}-\d{8}\b"), "adjectives-noticeable-12345678"),
    (re.compile(r"\bnpg_[A-Za-z0-9]{12}\b"), "npg_AbCdEf123456"),
    (re.compile(r'(?<=lsn": ")[0-9A-F]{1,8}/[0-9A-F]{1,8}(?=")'), "ABCDEF01/23456789"),
    (re.compile(r'(?<="id": )[1-9]\d{0,8}\b'), "123456789"),
    (re.compile(r'(?<="total_duration_ms": )\d{1,6}\b'), "123456"),
)


def two_words_and_digits() -> str:
    """``adjective-noun-12345678``: the id of a project; with a prefix, that of a branch or an endpoint."""
    digits = "".join(secrets.choice(string.digits) for index in range(8))
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{digits}"


def branch_id() -> str:
    """A new branch id."""
    return f"br-{two_words_and_digits()}"


def endpoint_id() -> str:
    """A new endpoint id."""
    return f"ep-{two_words_and_digits()}"


def snapshot_id() -> str:
    """A new snapshot id."""
    return f"snap-{two_words_and_digits()}"


def password() -> str:
    """A role password: ``npg_`` and twelve letters and digits."""
    return "npg_" + "".join(secrets.choice(string.ascii_letters + string.digits) for index in range(12))


def api_key() -> str:
    """An API key."""
    return "napi_" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for index in range(64))
