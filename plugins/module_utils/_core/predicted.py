# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The word for a value that an earlier task of the same check only predicted."""

from __future__ import annotations

import typing as t

#: Look-ups give it in check mode for a value that a real run would have made. Nothing may use it as a value.
PREDICTED: t.Final = "<predicted>"
