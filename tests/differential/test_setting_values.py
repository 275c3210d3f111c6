# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our reading of values against that of real servers: every parameter of every supported version.

A version whose programs are not there is skipped by name; ``scripts/postgres_versions.sh`` brings them. With
``--hypothesis-profile=thorough`` every edge of every parameter is asked for, and 2,000 generated values per version, others every time.
"""

from __future__ import annotations

import dataclasses
import pathlib
import sys
import typing as t

import psycopg2.sql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Parameter, snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_rules import ruled_text
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_value import declared_value, stored_canonical

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases
from asking import Answer, Asker
from exceptions import ONLY_THE_SERVER_KNOWS, REFUSED_ON_PURPOSE, SHOWN_ABSOLUTE
from postgres_server import PostgresServer

THOROUGH = settings.get_current_profile_name() == "thorough"
GENERATED = 2000 if THOROUGH else 150

#: Of the edges of a parameter every how many is asked for: a session answers in a millisecond, the start of a server takes twenty.
STEP_IN_SESSION, STEP_AT_START = (1, 1) if THOROUGH else (4, 20)


def settable(asking: Asker) -> list[Parameter]:
    """Return the parameters that can be set in some scope."""
    return [
        parameter
        for parameter in asking.parameters
        if parameter.context != "internal" and (asking.by_session(parameter) or not asking.refuses_system(parameter))
    ]


def text_of(value: t.Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def servers_answer(asking: Asker, parameter: Parameter, value: t.Any) -> Answer:
    if parameter.is_list and not isinstance(value, list):
        return asking.ask_line(parameter, text_of(value))
    elements = value if isinstance(value, list) else [value]
    return asking.ask(parameter, [text_of(element) for element in elements] or [""])


def same(asking: Asker, parameter: Parameter, ours: t.Any, shown: str) -> bool:
    """Return whether our canonical form is what the server shows."""
    if parameter.name == "DateStyle":
        # Style or order that are not named stay as they are.
        words, present = stored_canonical(parameter, shown), stored_canonical(parameter, parameter.running)
        assert isinstance(words, tuple) and isinstance(present, tuple)
        orders = ("dmy", "mdy", "ymd")
        style = next((word for word in ours if word not in orders), present[0])
        return words == (style, next((word for word in ours if word in orders), present[1]))
    if parameter.vartype == "real":
        # The server shows six digits, and a zero may have a sign.
        return f"{float(ours):g}" == f"{float(shown) + 0.0:g}"
    if parameter.name in SHOWN_ABSOLUTE:
        # The folder of the server that was asked is the root.
        return shown == ruled_text(dataclasses.replace(parameter, name="log_directory"), f"/{ours}")
    if parameter.vartype == "string" and not parameter.is_list:
        return bool(ours == shown)
    return bool(ours == stored_canonical(parameter, shown))


def disagreement(asking: Asker, parameter: Parameter, value: t.Any) -> str | None:
    """Return how server and we differ about a value, None if we do not."""
    try:
        ours, reason = declared_value(parameter, value), ""
    except InputError as error:
        ours, reason = None, error.message()
    theirs = servers_answer(asking, parameter, value)
    head = f"PostgreSQL {asking.major}, {parameter.name} ({parameter.vartype}, {parameter.unit}) = {value!r}: "
    if theirs.text is None:
        return None if ours is None else f"{head}we take it as {ours.canonical!r}, the server says {theirs.refusal}"
    if ours is None:
        return f"{head}the server takes it as {theirs.text!r}, we say {reason}"
    if not same(asking, parameter, ours.canonical, theirs.text):
        return f"{head}we read {ours.canonical!r}, the server {theirs.text!r}"
    if parameter.quotes_elements and ours.arguments and not isinstance(value, list):
        # What the module would send for a list that was declared in one text.
        sent = asking.ask(parameter, ours.arguments)
        if sent.text is None or stored_canonical(parameter, sent.text) != ours.canonical:
            return f"{head}we would send {ours.arguments!r}, which the server keeps as {sent!r}"
    return None


def excepted(parameter: Parameter, text: str) -> bool:
    """Return whether a disagreement is a known one, in the direction that is known."""
    we_refuse = "we say " in text
    return (parameter.name in REFUSED_ON_PURPOSE and we_refuse) or (parameter.name in ONLY_THE_SERVER_KNOWS and not we_refuse)


def test_the_edges_of_every_parameter(asking: Asker) -> None:
    found: list[str] = []
    known: set[str] = set()
    asked = 0
    parameters = settable(asking)
    for place, parameter in enumerate(parameters):
        edges = cases.edges(parameter)
        step = STEP_IN_SESSION if asking.by_session(parameter) else STEP_AT_START
        # A sample begins at another edge for each parameter, so that every edge has its parameters.
        for value in edges[place % min(step, len(edges)) :: step]:
            asked += 1
            text = disagreement(asking, parameter, value)
            if text and excepted(parameter, text):
                known.add(parameter.name)
            elif text:
                found.append(text)
    assert not found, f"{len(found)} of {asked}:\n" + "\n".join(found[:40])
    assert len(parameters) > 300
    print(f"PostgreSQL {asking.major}: {asked} edges of {len(parameters)} parameters")
    if THOROUGH:
        there = {parameter.name for parameter in parameters}
        expected = {name for name, (last, _reason) in ONLY_THE_SERVER_KNOWS.items() if asking.major <= last} | set(REFUSED_ON_PURPOSE)
        assert known == expected & there, "an exception that is none any more has to go"


def test_generated_values(asking: Asker) -> None:
    parameters = settable(asking)
    asked: dict[str, int] = {}

    @settings(max_examples=GENERATED, database=None)
    @given(st.sampled_from(parameters).flatmap(lambda parameter: st.tuples(st.just(parameter), cases.values(parameter))))
    def agree(case: tuple[Parameter, t.Any]) -> None:
        parameter, value = case
        asked[parameter.name] = asked.get(parameter.name, 0) + 1
        text = disagreement(asking, parameter, value)
        assert not text or excepted(parameter, text), text

    agree()
    assert sum(asked.values()) >= GENERATED
    print(f"PostgreSQL {asking.major}: {sum(asked.values())} generated values of {len(asked)} parameters")


def test_predictions_know_the_same_parameters(asking: Asker) -> None:
    """The shipped snapshot, which a prediction plans on, gives the same verdicts as the live catalogue."""
    snapshot = snapshot_catalogue(asking.major)
    for parameter in asking.parameters:
        if "." in parameter.name:
            continue
        known = snapshot.find(parameter.name)
        for field in ("name", "vartype", "unit", "context", "min_val", "max_val", "boot_val", "is_list", "major"):
            assert getattr(known, field) == getattr(parameter, field), f"{parameter.name}.{field}"
        assert set(parameter.enumvals) <= set(known.enumvals)


@pytest.mark.parametrize("text", ["PUBLIC", '"PUBLIC"', '"public"', " public ,pg_catalog", '"pu""blic", PuBlIc', "x" * 70 + ", public"])
def test_names_in_a_list_mean_what_they_mean_to_the_server(server: PostgresServer, asking: Asker, text: str) -> None:
    """The server shows a list as it was written; which schemas it means shows in what it finds."""
    found: list[list[str]] = []
    with server.superuser() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", (text,))
        cursor.execute("SELECT current_schemas(false)::text[]")
        found.append(cursor.fetchone()[0])
        arguments = declared_value(asking.catalogue.find("search_path"), text).arguments
        cursor.execute(psycopg2.sql.SQL("SET search_path TO {}").format(psycopg2.sql.SQL(", ").join(map(psycopg2.sql.Literal, arguments))))
        cursor.execute("SELECT current_schemas(false)::text[]")
        found.append(cursor.fetchone()[0])
    assert found[0] == found[1]


def test_few_exceptions_and_each_with_a_reason() -> None:
    assert len(ONLY_THE_SERVER_KNOWS) <= 20
    assert all(reason for _last, reason in ONLY_THE_SERVER_KNOWS.values()) and all(REFUSED_ON_PURPOSE.values())
