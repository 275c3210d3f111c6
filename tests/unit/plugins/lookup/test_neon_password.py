# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look-up neon_password: one request for each role, and one clear message for each failure."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from unit.neon_conversation import BRANCH_ID, HOST, KEY, PROJECT_ID, conversation, refusal

IDS = {"project_id": PROJECT_ID, "branch_id": BRANCH_ID}


def look(*roles: t.Any, **more: t.Any) -> list[str]:
    plugin = lookup_loader.get("dbinfra.postgres.neon_password")
    return plugin.run(list(roles), {}, **{"api_host": HOST, "api_key": KEY, **more})


def path(role: str) -> str:
    return f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/roles/{role}/reveal_password"


def test_one_request_for_each_role() -> None:
    with conversation() as neon:
        neon.expect("GET", path("shop_owner"), {"password": "npg_1"})
        neon.expect("GET", path("a%2Fb"), {"password": "npg_2"})
        assert look("shop_owner", "a/b", **IDS) == ["npg_1", "npg_2"]


def test_a_prediction_asks_nothing() -> None:
    with conversation():
        assert look("shop_owner", predicted=True, project_id=None, branch_id=None, api_key="") == [""]


def test_the_environment_gives_key_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", KEY)
    monkeypatch.setenv("NEON_API_HOST", HOST)
    with conversation() as neon:
        neon.expect("GET", path("shop_owner"), {"password": "npg_1"})
        assert lookup_loader.get("dbinfra.postgres.neon_password").run(["shop_owner"], {}, **IDS) == ["npg_1"]


@pytest.mark.parametrize(
    ("status", "text"),
    [(401, "does not accept the API key"), (404, "does not know this object"), (412, "store_passwords is false")],
)
def test_refusals_are_one_message(status: int, text: str) -> None:
    with conversation() as neon:
        neon.expect("GET", path("shop_owner"), refusal("passwords are not stored"), status=status)
        with pytest.raises(AnsibleLookupError, match=text) as caught:
            look("shop_owner", **IDS)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "start"),
    [
        ("project not found", f"option project_id ({PROJECT_ID}): Neon does not know this project"),
        ("branch not found", f"option branch_id ({BRANCH_ID}): Neon does not know this branch"),
        ("role not found", "the look-up's term (nobody): Neon does not know this role"),
        ("not found", f"project_id ({PROJECT_ID}), branch_id ({BRANCH_ID}) and the look-up's term (nobody): Neon does not know this object"),
    ],
)
def test_what_neon_does_not_know_is_named(message: str, start: str) -> None:
    with conversation() as neon:
        neon.expect("GET", path("nobody"), refusal(message), status=404)
        with pytest.raises(AnsibleLookupError) as caught:
            look("nobody", **IDS)
    assert f"dbinfra.postgres.neon_password: {start}, or the API key may not see it." in str(caught.value)
    assert "Correct " in str(caught.value)


@pytest.mark.parametrize("answer", [{}, {"password": ""}])
def test_an_answer_without_a_password_is_an_error(answer: dict[str, t.Any]) -> None:
    with conversation() as neon:
        neon.expect("GET", path("shop_owner"), answer)
        with pytest.raises(AnsibleLookupError, match=r"password.*(missing|empty)|empty password"):
            look("shop_owner", **IDS)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({**IDS, "branch_id": ""}, "option branch_id: it is empty, so it is not known whose password is meant"),
        ({**IDS, "project_id": None}, "option project_id: it is empty"),
        ({**IDS, "branch_id": "My Branch"}, "option branch_id: 'My Branch' is no id. The id of a branch has 1 to 60 small letters"),
        ({**IDS, "project_id": "shop/x"}, "option project_id: 'shop/x' is no id. The id of a project has"),
        ({**IDS, "api_key": ""}, "there is no Neon API key"),
        ({**IDS, "api_key": " "}, "there is no Neon API key"),
        ({**IDS, "api_key": "napi_x\n"}, "the API key holds a space, a line end"),
        ({**IDS, "api_host": "http://example.com"}, "plain http to example.com is refused"),
    ],
)
def test_wrong_options_ask_nothing(more: dict[str, t.Any], text: str) -> None:
    with conversation(), pytest.raises(AnsibleLookupError, match=text):
        look("shop_owner", **more)


@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize("term", [None, True, 1, ["shop_owner"], {"name": "shop_owner"}])
def test_a_term_that_is_no_text_is_refused(term: t.Any, predicted: bool) -> None:
    """It would be asked for as a role that is called None, or ['shop_owner']."""
    with conversation(), pytest.raises(AnsibleLookupError) as caught:
        look("shop_owner", term, predicted=predicted, **IDS)
    assert f"the look-up's term: {term!r} is no text. It is the name of a role" in str(caught.value)


@pytest.mark.parametrize("name", ["", " "])
def test_a_role_without_a_name_is_refused(name: str) -> None:
    with conversation(), pytest.raises(AnsibleLookupError, match=r"the look-up's term: it is empty\. Give the role's exact name"):
        look("shop_owner", name, **IDS)
