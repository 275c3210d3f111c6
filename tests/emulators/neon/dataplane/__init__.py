# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data plane of the local Neon: branches are real PostgreSQL clusters, reached through TLS by the name of their endpoint."""

from __future__ import annotations

from .errors import DataPlaneError, RefusedError, UnknownBranchError, UnknownEndpointError
from .history import History
from .hollow import HollowPlane
from .plane import Copied, DataPlane
from .server_config import unsettable
from .spec import ComputeSpec

__all__ = [
    "ComputeSpec",
    "Copied",
    "DataPlane",
    "DataPlaneError",
    "History",
    "HollowPlane",
    "RefusedError",
    "UnknownBranchError",
    "UnknownEndpointError",
    "unsettable",
]
