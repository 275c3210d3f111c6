# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error type that leaves the data plane."""

from __future__ import annotations


class DataPlaneError(Exception):
    """Something the data plane was asked for cannot be done; the text says what, where, why and what to do."""


class UnknownEndpointError(DataPlaneError):
    """A client named an endpoint that does not exist, or that nobody may start."""


class RefusedError(DataPlaneError):
    """A compute that may not run, in words that are the client's to read as they are."""


class UnknownBranchError(DataPlaneError):
    """A branch id that has no cluster in this data plane."""
