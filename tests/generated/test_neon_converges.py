# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random declarations, random faults: after at most two more runs the account is what was declared.

Nothing is there twice, and nothing else was touched. A declaration may be edited meanwhile: renamed, pinned, resized, reset, restored, given up.
The modules run in this process, over real HTTP, against a local Neon without servers (its API is the whole one). Time that the client would
spend waiting is skipped. 200 cases in all; with ``--hypothesis-profile=thorough`` 1,000, others every time.

The cases stand in blocks, so that two processes can share them. Each block has a local Neon of its own, which would grow slower with every
project.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from generated.account import Bystanders
from generated.declarations import Declaration, Moment, declarations, edited
from generated.faults import FAULTS
from generated.model import Model
from generated.running import Play, Strikes, converge, fast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.fixtures import LocalNeon, running_neon

THOROUGH = settings.get_current_profile_name() == "thorough"
BLOCKS = 4
NUMBERS = itertools.count(1)

TestT = t.TypeVar("TestT", bound=t.Callable[..., None])


@dataclasses.dataclass
class Block:
    """A block's local Neon without servers, whose operations take next to no time, and what has struck in it."""

    neon: LocalNeon
    strikes: Strikes = dataclasses.field(default_factory=Strikes)


@pytest.fixture
def block(request: pytest.FixtureRequest) -> t.Iterator[Block]:
    """After a block that went well: its faults have really struck."""
    failed = request.session.testsfailed
    with running_neon("--hollow", "--operation-seconds", "0.002") as neon:
        made = Block(neon)
        yield made
    if request.session.testsfailed == failed:
        made.strikes.check()


def block_of_cases(test: TestT) -> TestT:
    """A test of one block. The cases of a block follow from its name, so each has others."""
    cases = settings(
        max_examples=(1000 if THOROUGH else 200) // BLOCKS,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    generated = given(first=declarations(), faults=FAULTS, company=st.booleans(), data=st.data())
    return pytest.mark.timeout(7200)(cases(generated(test)))


def one_case(block: Block, first: Declaration, faults: list[dict[str, t.Any]], company: bool, data: st.DataObject) -> None:
    """A declaration under faults and, maybe, the same after somebody has edited it."""
    neon, strikes = block.neon, block.strikes
    # In the form of an id, of which the local Neon knows that they are all alike to the contract.
    name = f"shop-case-{next(NUMBERS):08}"
    bystanders, model, moments = Bystanders(neon, name), Model(), t.cast("dict[Moment, str]", {})
    with fast():
        if company:
            [made], _whole = Play(neon, name, first.calls()[:1], None, moments).run()
            model.apply(first.calls()[:1])
            bystanders.join(made["project"]["id"], model)
        seen = converge(Play(neon, name, first.calls(), None, moments), faults, model, bystanders, moments, strikes)
        if data.draw(st.booleans(), label="edited"):
            second = data.draw(edited(first, company), label="the edited declaration").calls()
            converge(Play(neon, name, second, seen, moments), data.draw(FAULTS, label="its faults"), model, bystanders, moments, strikes)


@block_of_cases
def test_whatever_goes_wrong_1(block: Block, first: Declaration, faults: list[dict[str, t.Any]], company: bool, data: st.DataObject) -> None:
    one_case(block, first, faults, company, data)


@block_of_cases
def test_whatever_goes_wrong_2(block: Block, first: Declaration, faults: list[dict[str, t.Any]], company: bool, data: st.DataObject) -> None:
    one_case(block, first, faults, company, data)


@block_of_cases
def test_whatever_goes_wrong_3(block: Block, first: Declaration, faults: list[dict[str, t.Any]], company: bool, data: st.DataObject) -> None:
    one_case(block, first, faults, company, data)


@block_of_cases
def test_whatever_goes_wrong_4(block: Block, first: Declaration, faults: list[dict[str, t.Any]], company: bool, data: st.DataObject) -> None:
    one_case(block, first, faults, company, data)
