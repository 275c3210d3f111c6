# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that handlers raise to answer something other than success."""

from __future__ import annotations


class ApiError(Exception):
    """An answer with an error status.

    :param status: HTTP status code of the answer.
    :param message: text for the client.
    :param code: the provider's machine-readable code; providers may leave it empty.
    :param headers: additional response headers.
    """

    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
