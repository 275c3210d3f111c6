# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random fault schedules: what goes wrong, with which requests, and when."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st


def _fault(kind: dict[str, t.Any], when: dict[str, t.Any], target: tuple[str, str], times: int) -> dict[str, t.Any]:
    return {**kind, **when, "method": target[0], "path_regex": target[1], "times": times}


#: Every way in which a request goes wrong; the provider's words stay its own.
KINDS = [
    {"status": 423},
    {"status": 429, "retry_after": 3},
    {"status": 429},
    {"status": 503},
    {"status": 500},
    {"status": 502},
    {"status": 504},
    {"status": 200, "body": "<html>proxy</html>"},
    {"drop_before": True},
    {"drop_after": True},
    # The work is done, and the answer says otherwise, or comes in pieces, or only half of it comes.
    {"status": 500, "after_work": True},
    {"status": 503, "after_work": True},
    {"status": 504, "after_work": True},
    {"cut": "length"},
    {"cut": "connection"},
    {"drip_bytes": 200, "drip_pause": 0.001},
    {"status": 429, "retry_after_date_in": 5},
]
#: The request may have been carried out, and nobody says so: what makes things twice. Drawn more often, and some have to strike in every block.
LOST_ANSWERS = [kind for kind in KINDS if kind.keys() & {"drop_before", "drop_after", "after_work"}]


def kind_of(fault: dict[str, t.Any]) -> str:
    """Which of :data:`KINDS` a fault is, as a text."""
    return str(next(kind for kind in sorted(KINDS, key=len, reverse=True) if kind.items() <= fault.items()))


#: At once, at a chosen later request, or at random ones.
WHEN = st.one_of(
    st.just({}),
    st.builds(lambda number: {"skip": number}, st.integers(1, 6)),
    st.builds(lambda seed: {"probability": 0.3, "seed": seed}, st.integers(0, 999)),
)
#: Requests that there are: any at all, any of a kind, or those of one resource.
TARGETS = [
    *((method, "") for method in ("", "GET", "POST", "PATCH", "DELETE")),
    *((method, "^/projects$") for method in ("GET", "POST")),
    *((method, "/branches$") for method in ("GET", "POST")),
    *((method, "/branches/[^/]+$") for method in ("GET", "PATCH", "DELETE")),
    *((method, "/endpoints$") for method in ("GET", "POST")),
    *((method, "/endpoints/[^/]+$") for method in ("PATCH", "DELETE")),
    *((method, "/roles") for method in ("GET", "POST", "DELETE")),
    *((method, "/databases") for method in ("GET", "POST", "PATCH", "DELETE")),
    *((method, "/snapshots") for method in ("GET", "DELETE")),
    ("GET", "/operations"),
    *(("POST", path) for path in ("/(start|suspend|restart)$", "/restore$", "/snapshot$", "/finalize_restore$", "/set_as_default$")),
]
FAULTS = st.lists(
    st.builds(_fault, st.sampled_from([*KINDS, *LOST_ANSWERS, *LOST_ANSWERS]), WHEN, st.sampled_from(TARGETS), st.integers(1, 3)),
    max_size=6,
)
