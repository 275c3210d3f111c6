# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.login import is_predicted, parse_login, parse_stand_in

CONNECTION = {
    "provider": "neon",
    "exists": True,
    "project_id": "p-1",
    "login_host": "h",
    "login_port": 5432,
    "login_user": "owner",
    "login_db": "shop",
    "ca_cert": "/ca.pem",
    "server_major": 17,
}


def params(password: str | None = "hidden", predicted: bool = False, **changes: t.Any) -> dict[str, t.Any]:
    return {"login": {**CONNECTION, **changes}, "login_password": password, "connect_timeout": 10, "predicted": predicted}


def test_a_connection_of_the_provider_fits_as_it_is() -> None:
    login = parse_login(params(), predicted=False)
    assert (login.host, login.port, login.user, login.database, login.ssl_mode, login.server_major) == ("h", 5432, "owner", "shop", "verify-full", 17)
    assert login.where == "owner@h:5432/shop" and "hidden" not in repr(login)


def test_another_database() -> None:
    assert parse_login(params(), predicted=False, database="other").database == "other"


def test_numbers_may_come_as_text() -> None:
    login = parse_login(params(login_port="6432", server_major="16"), predicted=False)
    assert (login.port, login.server_major) == (6432, 16)


def test_a_prediction_needs_neither_host_nor_password() -> None:
    login = parse_login(params(password="", login_host=None), predicted=True)
    assert login.host is None and login.user == "owner"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login_host": ""}, "the host is missing"),
        ({"login_user": None}, "the user is missing"),
        ({"login_db": None}, "the database is missing"),
        ({"login_port": 0}, "0 is not a number from 1 to 65535"),
        ({"login_port": "many"}, "'many' is not a number"),
        ({"login_port": True}, "True is not a number"),
        ({"ssl_mode": "full"}, "'full' is not an SSL mode"),
        ({"login_host": ["h"]}, "is not a text"),
    ],
)
def test_what_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_login(params(**changes), predicted=False)
    assert words in caught.value.message()


def test_an_empty_password_is_a_look_up_that_found_nothing() -> None:
    with pytest.raises(InputError, match="the password of owner is empty"):
        parse_login(params(password=""), predicted=False)
    assert parse_login(params(password=None), predicted=False).password is None


@pytest.mark.parametrize(("predicted", "exists", "answer"), [(False, True, False), (True, True, True), (False, False, True), (False, None, False)])
def test_is_predicted(predicted: bool, exists: bool | None, answer: bool) -> None:
    assert is_predicted(params(predicted=predicted, exists=exists), check_mode=True) is answer
    if answer:
        with pytest.raises(InputError, match="this is no check mode"):
            is_predicted(params(predicted=predicted, exists=exists), check_mode=False)


STAND_IN = {"login_host": "original", "login_port": 6432, "login_user": "its_owner", "login_db": "its_shop", "branch_id": "br-1"}


def test_what_stands_in_is_reached_the_same_way_but_elsewhere() -> None:
    login = parse_stand_in(params(exists=False, login_host=None, login_port=None, stand_in=STAND_IN))
    assert login and (login.host, login.port, login.user, login.database) == ("original", 6432, "its_owner", "its_shop")
    assert (login.ssl_mode, login.ca_cert, login.password, login.provider, login.server_major) == ("verify-full", "/ca.pem", "hidden", "neon", 17)


def test_another_database_of_what_stands_in() -> None:
    login = parse_stand_in(params(exists=False, stand_in=STAND_IN), database="other")
    assert login and login.database == "other"


@pytest.mark.parametrize("changes", [{"stand_in": None}, {}, {"stand_in": {}}, {"predicted": True, "stand_in": STAND_IN}])
def test_nothing_stands_in(changes: dict[str, t.Any]) -> None:
    assert parse_stand_in(params(exists=False, **changes)) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stand_in": "original"}, "option login.stand_in: 'original' is no dictionary"),
        ({"stand_in": {**STAND_IN, "login_host": None}}, "the host is missing"),
        ({"stand_in": STAND_IN, "password": ""}, "the password of its_owner is empty"),
    ],
)
def test_what_cannot_stand_in(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_stand_in(params(exists=False, **changes))
    assert words in caught.value.message()
