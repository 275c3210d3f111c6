# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters that the server computes when it starts if they are configured as automatic; it shows the result, never the word. Pure.

These are all that there are in 14 to 18: tests/differential/test_automatic_values.py starts each version and compares what it computes.
"""

from __future__ import annotations

import typing as t

from .._core.errors import InputError
from .setting_catalogue import Catalogue, Parameter
from .setting_value import stored_canonical

#: Pages of an SLRU's bank (SLRU_BANK_SIZE in slru.h).
_BANK: t.Final = 16

#: Processes that are no backends of anybody: NUM_SPECIAL_WORKER_PROCS and NUM_AUXILIARY_PROCS of 18 (proc.h), with MAX_IO_WORKERS among the latter.
_OWN_PROCESSES: t.Final = 2 + 6 + 32


def _wal_buffers(running: t.Callable[[str], int]) -> int:
    """XLOGChooseNumBuffers in xlog.c."""
    return max(8, min(running("shared_buffers") // 32, running("wal_segment_size") // running("wal_block_size")))


def _slru_buffers(running: t.Callable[[str], int]) -> int:
    """SimpleLruAutotuneBuffers in slru.c, as CLOGShmemBuffers, SUBTRANSShmemBuffers and CommitTsShmemBuffers ask it: by 512, at most 1024."""
    share = running("shared_buffers") // 512
    return min(1024, max(_BANK, share - share % _BANK))


def _io_concurrency(running: t.Callable[[str], int]) -> int:
    """AioChooseMaxConcurrency in aio_init.c; the processes are those of InitializeMaxBackends in postinit.c."""
    counted = ("max_connections", "autovacuum_worker_slots", "max_worker_processes", "max_wal_senders")
    return min(64, max(1, running("shared_buffers") // (sum(running(name) for name in counted) + _OWN_PROCESSES)))


#: By name: the word for automatic, and what is computed then.
AUTOMATIC: t.Final[t.Mapping[str, tuple[str, t.Callable[[t.Callable[[str], int]], int]]]] = {
    "commit_timestamp_buffers": ("0", _slru_buffers),
    "io_max_concurrency": ("-1", _io_concurrency),
    "subtransaction_buffers": ("0", _slru_buffers),
    "transaction_buffers": ("0", _slru_buffers),
    "wal_buffers": ("-1", _wal_buffers),
}


def automatic_value(catalogue: Catalogue, parameter: Parameter, canonical: t.Hashable) -> t.Hashable:
    """Return what the server computes for a value beside what else is running, None if the value does not stand for a computed one."""
    word, compute = AUTOMATIC.get(parameter.name.lower(), (None, None))
    if compute is None or canonical != word:
        return None
    try:
        return str(compute(lambda name: int(str(stored_canonical(catalogue.find(name), catalogue.find(name).running)))))
    except (InputError, ValueError):
        # A server that has none of them, or shows no number.
        return None
