# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock moves forward and wakes who sleeps."""

from __future__ import annotations

import asyncio
import time

import pytest

from emulators.framework.clock import Clock


def test_moving_forward_wakes_a_sleeper():
    async def scenario():
        clock = Clock()
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(1800)
        await asyncio.sleep(0.01)
        assert not sleeper.done()
        clock.advance(1801)
        await asyncio.wait_for(sleeper, 10)

    asyncio.run(scenario())


def test_it_never_moves_back():
    with pytest.raises(ValueError, match="only moves forward"):
        Clock().advance(-1)


def test_a_wall_time_is_translated_with_the_offset_of_its_moment():
    clock = Clock()
    before = time.time() - 10
    clock.advance(100)
    after = time.time() + 10
    assert clock.from_wall(before) == before
    assert clock.from_wall(after) == after + 100


def test_a_time_is_translated_back_to_the_wall_and_a_skipped_one_to_the_skip():
    clock = Clock()
    assert clock.to_wall(1000.0) == 1000.0
    clock.advance(100)
    first = clock._moves[0][0]
    clock.advance(50)
    second = clock._moves[1][0]
    assert clock.to_wall(first - 5) == first - 5
    for skipped in (0, 1, 99.5):
        assert clock.to_wall(first + skipped) == first
    assert clock.to_wall(second + 100) == second
    assert clock.to_wall(second + 149) == second
    assert clock.to_wall(second + 150 + 7) == pytest.approx(second + 7, abs=1e-3)
    wall = time.time()
    assert clock.to_wall(clock.from_wall(wall)) == pytest.approx(wall, abs=1e-3)
