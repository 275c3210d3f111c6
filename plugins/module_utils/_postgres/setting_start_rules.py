# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to fit together before a server starts, as data: each rule with the server's words, its place in the source, and the versions. Pure.

The server looks at most of this only when it starts, so ALTER SYSTEM and a reload pass, and the next restart fails. tests/differential
starts real servers of each version with such values.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .setting_model import Kept

#: Values of the parameters of a rule, by name; those that a version does not have are not there.
Values = t.Mapping[str, t.Any]

NEWEST: t.Final = 99


@dataclasses.dataclass(frozen=True)
class StartRule:
    """What some parameters must not be together.

    :param names: the parameters, in lower case.
    :param optional: those of them that not every version has.
    :param broken: whether the server refuses to start with the values, and with what it keeps.
    :param words: the server's own words by the first major version that uses them, with ``{name}`` for values.
    :param remedy: what to declare instead.
    :param source: where the server looks.
    :param first: major version that begins to; ``last`` is the last that does.
    :param blamed: which of the parameters are at fault; all, unless it is given.
    :param by_hook: the check hook of the parameters looks, so ALTER SYSTEM refuses too, by what is running then.
    :param refuses: False if the server may start nevertheless: a warning.
    :param verdict: what is said of the values, which follow.
    """

    names: tuple[str, ...]
    broken: t.Callable[[Values, Kept], bool]
    words: tuple[tuple[int, str], ...]
    remedy: str
    source: str
    optional: tuple[str, ...] = ()
    first: int = 14
    last: int = NEWEST
    blamed: t.Callable[[Values], tuple[str, ...]] | None = None
    by_hook: bool = False
    refuses: bool = True
    verdict: str = "the server would not start with"

    def says(self, major: int) -> str:
        """Return the server's words on a major version."""
        return [text for first, text in self.words if first <= major][-1]


_POSTMASTER = "PostmasterMain in postmaster.c"
_TLS = "be_tls_init in be-secure-openssl.c"
_BACKENDS = 2**18 - 1

_TARGETS = ("recovery_target", "recovery_target_lsn", "recovery_target_name", "recovery_target_time", "recovery_target_xid")
_STAGES = ("log_parser_stats", "log_planner_stats", "log_executor_stats")
_PROTOCOLS = ("", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3")
_CONNECTIONS = ("superuser_reserved_connections", "reserved_connections", "max_connections")


def _reserved(values: Values) -> int:
    return values["superuser_reserved_connections"] + values.get("reserved_connections", 0)


def _targets(values: Values) -> tuple[str, ...]:
    return tuple(name for name in _TARGETS if values[name])


def _protocols(values: Values) -> bool:
    low, high = (_PROTOCOLS.index(str(values[f"ssl_{end}_protocol_version"]).lower()) for end in ("min", "max"))
    return bool(values["ssl"] == "on" and high and low > high)


def _stages(values: Values) -> tuple[str, ...]:
    return tuple(name for name in _STAGES if values[name] == "on")


def _tls_file(name: str, words: tuple[tuple[int, str], ...]) -> StartRule:
    return StartRule(
        ("ssl", name),
        lambda values, kept: values["ssl"] == "on" and bool(kept.missing.get(name)),
        words,
        "Put the file where the server finds it first, or correct the path, or leave ssl off",
        _TLS,
    )


def _tls_content(name: str, words: str, beside: tuple[str, ...] = ()) -> StartRule:
    """Return the rule of a file of TLS that is there; :mod:`.setting_tls` has looked into it."""
    return StartRule(
        ("ssl", *beside),
        lambda values, kept: values["ssl"] == "on" and name in kept.unfit,
        ((14, words),),
        f"Put files that fit there first, correct the paths, or leave ssl off: {{unfit_{name}}}",
        _TLS,
        # A command may hold the passphrase: it is named only where there is none.
        blamed=lambda values: tuple(each for each in ("ssl", *beside) if each != "ssl_passphrase_command" or not values[each]),
    )


#: What a standby needs at least as much of as its primary.
ON_STANDBYS: t.Final = ("max_connections", "max_locks_per_transaction", "max_prepared_transactions", "max_wal_senders", "max_worker_processes")


def _like_the_primary(name: str) -> StartRule:
    """Return the rule of a parameter that a standby may not lower below its primary's value; only the primary knows that one."""
    return StartRule(
        (name,),
        lambda values, kept: values[name] < kept.on_standby.get(name, 0),
        ((14, "recovery aborted because of insufficient parameter settings"),),
        "Lower it on the primary first, and here after that",
        "CheckRequiredParameterValues in xlogrecovery.c (xlog.c on 14)",
        refuses=False,
        verdict="a standby does not start if its primary has more than it would have with",
    )


def _origins(name: str, words: tuple[tuple[int, str], ...], last: int = NEWEST) -> StartRule:
    """Return the rule of the parameter that makes room for replication origins. With 0 the server does not look at them."""
    return StartRule(
        (name,),
        lambda values, kept: 0 < values[name] < kept.origins,
        words,
        "Drop subscriptions or replication origins first, or leave room for those that there are ({origins} in pg_replication_origin_status)",
        "StartupReplicationOrigin in origin.c",
        first=words[0][0],
        last=last,
    )


START_RULES: tuple[StartRule, ...] = (
    StartRule(
        _CONNECTIONS,
        lambda values, kept: _reserved(values) >= values["max_connections"],
        (
            (14, "superuser_reserved_connections ({superuser_reserved_connections}) must be less than max_connections ({max_connections})"),
            (
                16,
                "superuser_reserved_connections ({superuser_reserved_connections}) plus reserved_connections ({reserved_connections}) "
                "must be less than max_connections ({max_connections})",
            ),
        ),
        "Raise max_connections, or reserve fewer",
        _POSTMASTER,
        optional=("reserved_connections",),
    ),
    StartRule(
        ("max_wal_senders", "wal_level"),
        lambda values, kept: values["wal_level"] == "minimal" and values["max_wal_senders"] > 0,
        (
            (14, 'WAL streaming (max_wal_senders > 0) requires wal_level "replica" or "logical"'),
            (17, 'WAL streaming (max_wal_senders > 0) requires wal_level to be "replica" or "logical"'),
        ),
        "Declare max_wal_senders: 0 as well, or wal_level: replica",
        _POSTMASTER,
    ),
    StartRule(
        ("archive_mode", "wal_level"),
        lambda values, kept: values["wal_level"] == "minimal" and values["archive_mode"] != "off",
        ((14, 'WAL archival cannot be enabled when wal_level is "minimal"'),),
        'Declare archive_mode: "off" as well, or wal_level: replica',
        _POSTMASTER,
    ),
    StartRule(
        ("summarize_wal", "wal_level"),
        lambda values, kept: values["wal_level"] == "minimal" and values["summarize_wal"] == "on",
        ((17, 'WAL cannot be summarized when wal_level is "minimal"'),),
        'Declare summarize_wal: "off" as well, or wal_level: replica',
        _POSTMASTER,
        first=17,
    ),
    StartRule(
        ("min_wal_size", "wal_segment_size"),
        lambda values, kept: values["min_wal_size"] // (values["wal_segment_size"] // 2**20) < 2,
        ((14, "min_wal_size must be at least twice wal_segment_size"),),
        "Declare at least twice the size of a segment",
        "ReadControlFile in xlog.c",
    ),
    StartRule(
        ("max_wal_size", "wal_segment_size"),
        lambda values, kept: values["max_wal_size"] // (values["wal_segment_size"] // 2**20) < 2,
        ((14, "max_wal_size must be at least twice wal_segment_size"),),
        "Declare at least twice the size of a segment",
        "ReadControlFile in xlog.c",
    ),
    StartRule(
        ("listen_addresses", "unix_socket_directories"),
        lambda values, kept: not values["listen_addresses"] and not values["unix_socket_directories"],
        ((14, "no socket created for listening"),),
        "Name at least one address or one directory",
        _POSTMASTER,
    ),
    StartRule(
        ("huge_pages", "shared_memory_type"),
        lambda values, kept: values["huge_pages"] == "on" and values["shared_memory_type"] != "mmap",
        ((14, "huge pages not supported with the current shared_memory_type setting"),),
        "Declare huge_pages: try, or shared_memory_type: mmap",
        "PGSharedMemoryCreate in sysv_shmem.c",
    ),
    StartRule(
        _TARGETS,
        lambda values, kept: len(_targets(values)) > 1,
        ((14, "multiple recovery targets specified"),),
        "Keep one of them, and reset the others",
        "error_multiple_recovery_targets in xlogrecovery.c (xlog.c or guc.c on 14)",
        blamed=_targets,
    ),
    StartRule(
        ("log_statement_stats", *_STAGES),
        lambda values, kept: values["log_statement_stats"] == "on" and bool(_stages(values)),
        # Of two that do not go together the one that stands last in the files is named.
        ((14, "invalid value for parameter"),),
        "Keep log_statement_stats, or those of the stages",
        "check_stage_log_stats and check_log_stats in guc.c (postgres.c from 16 on)",
        blamed=lambda values: ("log_statement_stats", *_stages(values)),
        by_hook=True,
    ),
    StartRule(
        ("max_connections", "autovacuum_max_workers", "max_worker_processes", "max_wal_senders"),
        lambda values, kept: sum(values.values()) + 1 > _BACKENDS,
        ((14, "invalid value for parameter"),),
        f"Keep their sum below {_BACKENDS}",
        "check_max_connections and its like in postinit.c",
        last=17,
        by_hook=True,
    ),
    StartRule(
        ("max_connections", "autovacuum_worker_slots", "max_worker_processes", "max_wal_senders"),
        # Two processes of the server's own are counted with them.
        lambda values, kept: sum(values.values()) + 2 > _BACKENDS,
        ((18, "too many server processes configured"),),
        f"Keep their sum below {_BACKENDS - 1}",
        "InitializeMaxBackends in postinit.c",
        first=18,
    ),
    StartRule(
        ("ssl", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        lambda values, kept: _protocols(values),
        ((14, "ssl_min_protocol_version cannot be higher than ssl_max_protocol_version"),),
        "Lower the one or raise the other",
        _TLS,
    ),
    _tls_file("ssl_cert_file", ((14, 'could not load server certificate file "{ssl_cert_file}"'),)),
    _tls_file("ssl_key_file", ((14, 'could not access private key file "{ssl_key_file}"'),)),
    _tls_file("ssl_ca_file", ((14, 'could not load root certificate file "{ssl_ca_file}"'),)),
    _tls_file("ssl_crl_file", ((14, 'could not load SSL certificate revocation list file "{ssl_crl_file}"'),)),
    _tls_content("ssl_cert_file", 'could not load server certificate file "{ssl_cert_file}"', ("ssl_cert_file",)),
    _tls_content("ssl_key_file", 'could not load private key file "{ssl_key_file}"', ("ssl_cert_file", "ssl_key_file", "ssl_passphrase_command")),
    _tls_content("ssl", "check of private key failed", ("ssl_cert_file", "ssl_key_file")),
    _tls_content("ssl_ca_file", 'could not load root certificate file "{ssl_ca_file}"', ("ssl_ca_file",)),
    StartRule(
        ("hba_file",),
        lambda values, kept: bool(kept.missing.get("hba_file")),
        ((14, "could not load pg_hba.conf"), (16, "could not load {hba_file}")),
        "Put the file where the server finds it first, or correct the path",
        _POSTMASTER,
    ),
    StartRule(
        ("shared_preload_libraries", "dynamic_library_path"),
        lambda values, kept: bool(kept.missing.get("shared_preload_libraries")),
        ((14, 'could not access file "{first_missing}": No such file or directory'),),
        "Install what is missing on the server's host first ({missing}), or correct the names",
        "internal_load_library in dfmgr.c",
    ),
    StartRule(
        ("wal_level",),
        lambda values, kept: bool(kept.logical_slots) and values["wal_level"] != "logical",
        (
            (14, 'logical replication slot "{logical_slot}" exists, but wal_level < logical'),
            (17, 'logical replication slot "{logical_slot}" exists, but wal_level < "logical"'),
        ),
        "Drop the slot by pg_drop_replication_slot() first, or keep wal_level: logical",
        "RestoreSlotFromDisk in slot.c",
    ),
    StartRule(
        ("wal_level",),
        lambda values, kept: bool(kept.physical_slots) and not kept.logical_slots and values["wal_level"] == "minimal",
        ((14, 'physical replication slot "{physical_slot}" exists, but wal_level < replica'),),
        "Drop the slot by pg_drop_replication_slot() first, or keep wal_level: replica",
        "RestoreSlotFromDisk in slot.c",
    ),
    StartRule(
        ("max_replication_slots",),
        lambda values, kept: values["max_replication_slots"] < len(kept.logical_slots) + len(kept.physical_slots),
        ((14, "too many replication slots active before shutdown"),),
        "Drop slots by pg_drop_replication_slot() first, or leave room for those that there are ({slots})",
        "RestoreSlotFromDisk in slot.c",
    ),
    _origins(
        "max_replication_slots",
        (
            (14, "could not find free replication state, increase max_replication_slots"),
            (17, 'could not find free replication state, increase "max_replication_slots"'),
        ),
        last=17,
    ),
    _origins("max_active_replication_origins", ((18, 'could not find free replication state, increase "max_active_replication_origins"'),)),
    StartRule(
        ("hot_standby",),
        lambda values, kept: bool(kept.logical_slots) and bool(kept.on_standby) and values["hot_standby"] == "off",
        (
            (16, 'logical replication slot "{logical_slot}" exists on the standby, but hot_standby = off'),
            (17, 'logical replication slot "{logical_slot}" exists on the standby, but "hot_standby" = "off"'),
        ),
        "Drop the slot by pg_drop_replication_slot() first, or keep hot_standby on",
        "RestoreSlotFromDisk in slot.c",
        first=16,
    ),
    StartRule(
        ("max_prepared_transactions",),
        lambda values, kept: values["max_prepared_transactions"] < kept.prepared,
        ((14, "maximum number of prepared transactions reached"),),
        "Commit or roll back the prepared transactions first ({prepared} in pg_prepared_xacts), or leave room for them",
        "MarkAsPreparing in twophase.c",
    ),
    StartRule(
        ("autovacuum_max_workers", "autovacuum_worker_slots"),
        lambda values, kept: values["autovacuum_max_workers"] > values["autovacuum_worker_slots"],
        (
            (
                18,
                "autovacuum_max_workers ({autovacuum_max_workers}) should be less than or equal to autovacuum_worker_slots ({autovacuum_worker_slots})",
            ),
        ),
        "Raise autovacuum_worker_slots, which takes a restart, or lower the other",
        "check_av_worker_gucs in autovacuum.c",
        first=18,
        refuses=False,
        verdict="the server would not start all the workers with",
    ),
    StartRule(
        ("archive_mode", "archive_command", "archive_library"),
        lambda values, kept: bool(values["archive_mode"] != "off" and values["archive_command"] and values["archive_library"]),
        ((16, "both archive_command and archive_library set"),),
        "Keep one of them",
        "LoadArchiveLibrary in pgarch.c",
        first=16,
        refuses=False,
        verdict="the server would archive nothing with",
    ),
    *(_like_the_primary(name) for name in ON_STANDBYS),
)
