# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a compute is, as the API describes it to the data plane."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class ComputeSpec:
    """One endpoint's compute: which branch it serves and how large it is.

    ``min_cu`` and ``max_cu`` are Neon compute units (1 CU = 4 GB of memory). ``pg_settings`` are additional server parameters,
    applied over the ones which follow from the size (``wal_level: logical`` is how logical replication is enabled).
    """

    endpoint_id: str
    branch_id: str
    min_cu: float = 0.25
    max_cu: float = 0.25
    type: str = "read_write"
    pg_settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
