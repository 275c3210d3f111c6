# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumption history: what may be asked for, and how an answer is cut into timeframes. Pure functions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ..framework.errors import ApiError
from .ledger import HOUR, Ledger

GRANULARITIES = {"hourly": timedelta(hours=168), "daily": timedelta(days=60), "monthly": timedelta(days=366)}
EARLIEST = datetime(2024, 3, 1, tzinfo=UTC)
V2_BRANCH_METRICS = (
    "compute_unit_seconds",
    "root_branch_bytes_month",
    "child_branch_bytes_month",
    "instant_restore_bytes_month",
    "public_network_transfer_bytes",
    "private_network_transfer_bytes",
)
V2_PROJECT_METRICS = (*V2_BRANCH_METRICS, "extra_branches_month", "snapshot_storage_bytes_month")
V1_ALWAYS = ("active_time_seconds", "compute_time_seconds", "written_data_bytes", "synthetic_storage_size_bytes")
V1_METRICS = (*V1_ALWAYS, "data_storage_bytes_hour", "logical_size_bytes", "logical_size_bytes_hour")
Frame = tuple[datetime, datetime]


def listed(values: Iterable[str], name: str, most: int = 100) -> list[str]:
    """The items of a list parameter: repeated, comma-separated, or both.

    :raises ApiError: 400 if there are more than ``most``.
    """
    items = [item for value in values for item in value.split(",") if item]
    if len(items) > most:
        raise ApiError(400, f"{name} has {len(items)} entries; at most {most} are allowed")
    return items


def metrics(values: Iterable[str], known: tuple[str, ...], *, required: bool) -> list[str]:
    """The metrics that are asked for; all known ones if none are and none are required.

    :raises ApiError: 400 for a metric that this endpoint does not have, or for none.
    """
    items = listed(values, "metrics")
    unknown = sorted(set(items) - set(known))
    if unknown:
        raise ApiError(400, f"metrics: not supported here: {', '.join(unknown)}; supported: {', '.join(known)}")
    if required and not items:
        raise ApiError(400, "query parameter metrics is required")
    return list(dict.fromkeys(items))


def moment(text: str | None, name: str) -> datetime:
    """A required time of the query.

    :raises ApiError: 400 if it is absent, or no date-time with a zone.
    """
    if not text:
        raise ApiError(400, f"query parameter {name} is required")
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, f"query parameter {name}: {text} is no date-time") from None
    if value.tzinfo is None:
        raise ApiError(400, f"query parameter {name}: {text} has no zone")
    return value.astimezone(UTC)


def rounded(value: datetime, granularity: str) -> datetime:
    """The beginning of the hour, day or month that ``value`` is in."""
    start = value.replace(minute=0, second=0, microsecond=0)
    if granularity == "hourly":
        return start
    return start.replace(hour=0) if granularity == "daily" else start.replace(hour=0, day=1)


def following(start: datetime, granularity: str) -> datetime:
    """The beginning of the next hour, day or month."""
    if granularity == "monthly":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + timedelta(hours=1 if granularity == "hourly" else 24)


def frames(start: datetime, end: datetime, granularity: str, now: datetime) -> list[Frame]:
    """The timeframes from ``start`` to before ``end``, both rounded, oldest first, up to now.

    :raises ApiError: 400 for an unknown granularity, 406 for a range that it does not have.
    """
    if granularity not in GRANULARITIES:
        raise ApiError(400, f"granularity is one of {', '.join(GRANULARITIES)}")
    first, last = rounded(start, granularity), rounded(end, granularity)
    longest = GRANULARITIES[granularity]
    if first > last or first < EARLIEST or first < rounded(now - longest, granularity) or last - first > longest:
        reach = f"{longest.days} days" if granularity != "hourly" else "168 hours"
        raise ApiError(406, f"the range from {start.isoformat()} to {end.isoformat()} is not valid: {granularity} goes back {reach}")
    found = []
    while first < min(last, now):
        found.append((first, following(first, granularity)))
        first = found[-1][1]
    return found


def periods(identity: str, plan: str, found: list[Frame], now: datetime, content: Callable[[Frame], dict[str, Any]]) -> list[dict[str, Any]]:
    """Timeframes grouped by billing period, the calendar month.

    :param identity: what the period's id is derived from.
    :param content: what a timeframe holds besides its beginning and end.
    """
    grouped: dict[datetime, list[dict[str, Any]]] = {}
    for frame in found:
        item = {"timeframe_start": _stamp(frame[0]), "timeframe_end": _stamp(frame[1]), **content(frame)}
        grouped.setdefault(rounded(frame[0], "monthly"), []).append(item)
    answer = []
    for start, items in grouped.items():
        end = following(start, "monthly")
        period = {"period_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{identity} {start}")), "period_plan": plan, "period_start": _stamp(start)}
        answer.append({**period, **({"period_end": _stamp(end)} if end <= now else {}), "consumption": items})
    return answer


def v2_values(ledger: Ledger, names: list[str], project_id: str, branch_id: str | None, frame: Frame) -> dict[str, Any]:
    """The metrics of one timeframe, new style. Bytes a month are the bytes that would have been stored the whole month."""
    month_start = rounded(frame[0], "monthly")
    month = (following(month_start, "monthly") - month_start).total_seconds()
    sources = {
        "compute_unit_seconds": ("compute_seconds", 1.0),
        "root_branch_bytes_month": ("root_byte_seconds", month),
        "child_branch_bytes_month": ("child_byte_seconds", month),
        "instant_restore_bytes_month": ("history_byte_seconds", month),
        "public_network_transfer_bytes": ("transfer_bytes", 1.0),
        "extra_branches_month": ("extra_branch_seconds", month),
    }
    found = []
    for name in names:
        metric, divisor = sources.get(name, ("", 1.0))
        found.append({"metric_name": name, "value": int(_total(ledger, metric, project_id, branch_id, frame) / divisor)})
    return {"metrics": found}


def v1_values(ledger: Ledger, names: list[str], project_id: str, frame: Frame) -> dict[str, int]:
    """The fields of one timeframe, old style: those that are always there, and those of ``names``. Sizes are averages over the timeframe."""
    length = (frame[1] - frame[0]).total_seconds()
    logical = _total(ledger, "logical_byte_seconds", project_id, None, frame)
    values = {
        "active_time_seconds": _total(ledger, "active_seconds", project_id, None, frame),
        "compute_time_seconds": _total(ledger, "compute_seconds", project_id, None, frame),
        "written_data_bytes": _total(ledger, "written_bytes", project_id, None, frame),
        "synthetic_storage_size_bytes": (logical + _total(ledger, "history_byte_seconds", project_id, None, frame)) / length,
        "data_storage_bytes_hour": logical / HOUR,
        "logical_size_bytes": logical / length,
        "logical_size_bytes_hour": logical / HOUR,
    }
    return {name: int(value) for name, value in values.items() if name in V1_ALWAYS or name in names}


def _total(ledger: Ledger, metric: str, project_id: str, branch_id: str | None, frame: Frame) -> float:
    return ledger.total(metric, project_id, branch_id, since=frame[0].timestamp(), until=frame[1].timestamp())


def _stamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
