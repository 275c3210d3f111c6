# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules across roles, by table: from a declaration without findings, each case changes something and names what must be found."""

from __future__ import annotations

import contextlib
import copy
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import private_file
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import names
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.tuning import Tuning
from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight import files, neon_rules, pool_rules, rules, tuning_rules
from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight.host_rules import FileFacts, Problem

PRODUCTION: dict[str, t.Any] = {
    "db_provider": "neon",
    "db_pool_min": 5,
    "db_pool_max": 20,
    "db_tls_mode": "verify-full",
    "db_tls_min_protocol": "TLSv1.3",
    "db_tls_ca_file": "/etc/ssl/certs/ca-certificates.crt",
    "db_state_dir": "/home/ada/state",
    "neon_api_host": "https://console.neon.tech/api/v2",
    "neon_api_key": "napi_abc",
    "neon_api_timeout": 300,
    "neon_project_name": "shop",
    "neon_project_id": "",
    "neon_org_id": "",
    "neon_region_id": "aws-eu-central-1",
    "neon_pg_version": 17,
    "neon_isolation": "branch",
    "neon_project_ownership": "owner",
    "neon_history_retention_seconds": 604800,
    "neon_allowed_ips": ["everyone"],
    "neon_quota": {},
    "neon_maintenance_window": {"weekdays": [7], "start_time": "02:00", "end_time": "04:00"},
    "neon_default_branch": "production",
    "neon_branch_name": "production",
    "neon_branch_id": "",
    "neon_branch_parent": "",
    "neon_branch_init_source": "",
    "neon_branch_allow_data_copy": False,
    "neon_branch_protected": True,
    "neon_owner_role": "shop_owner",
    "neon_database_name": "shop",
    "neon_compute_min_cu": 0.5,
    "neon_compute_max_cu": 2.0,
    "neon_suspend_timeout_seconds": -1,
    "db_access_schema": "public",
    "db_access_roles": [
        {"name": "shop_app", "privileges": "application", "connection_limit": 20, "member_of": []},
        {"name": "shop_readonly", "privileges": "readonly", "connection_limit": 3, "member_of": []},
        {"name": "shop_monitoring", "privileges": "monitoring", "connection_limit": 3, "member_of": []},
    ],
    "db_access_passwords": {},
    "db_access_secret_file": "/home/ada/state/secrets/shop.json",
    "db_settings_name": "shop",
    "db_settings_database": {"statement_timeout": "60s"},
    "db_settings_roles": {"shop_readonly": {"statement_timeout": "5min"}},
    "db_delivery_role": "shop_app",
    "db_delivery_file": "/home/ada/state/delivery/shop.env",
    "db_delivery_pooled_variable": "DATABASE_URL",
    "db_delivery_direct_variable": "DIRECT_URL",
    "db_proof_connection_limit": 20,
    "db_proof_forbidden_roles": ["neon_superuser"],
}

STAGING: dict[str, t.Any] = {
    **PRODUCTION,
    "neon_branch_name": "staging",
    "neon_branch_parent": "production",
    "neon_branch_init_source": "schema-only",
    "neon_branch_protected": False,
    "neon_suspend_timeout_seconds": 300,
    "neon_compute_min_cu": 0.25,
    "neon_compute_max_cu": 1.0,
}


def role(**changes: t.Any) -> list[dict[str, t.Any]]:
    """The declared roles with the first one changed."""
    first, *others = copy.deepcopy(PRODUCTION["db_access_roles"])
    return [{**first, **changes}, *others]


COMPUTE: dict[str, t.Any] = {"memory": "0.5CU", "cpus": 2.0, "storage": "network", "disk": None}
LEVEL: dict[str, t.Any] = {
    **PRODUCTION,
    "db_settings_level": "optimised",
    "db_settings_compute": COMPUTE,
    "db_settings_connections": {"application": 20, "roles": PRODUCTION["db_access_roles"]},
    "db_settings_server": {},
}

PREVIEW: dict[str, t.Any] = {**STAGING, "neon_preview_state": "present", "neon_preview_ttl": "3d"}


def judge(values: dict[str, t.Any], problems: dict[str, Problem] | None = None) -> list[rules.Finding]:
    return rules.judge(values, FileFacts(problems or {}))


@pytest.mark.parametrize("values", [PRODUCTION, STAGING, LEVEL, {}], ids=["production", "staging", "a level", "nothing declared"])
def test_a_sound_declaration_has_no_findings(values: dict[str, t.Any]) -> None:
    assert judge(values) == []


E = False
W = True

CASES: list[tuple[dict[str, t.Any], dict[str, t.Any], str, str, bool]] = [
    # base, changes, variable, words of the reason, warning
    (PRODUCTION, {"db_pool_min": 30}, "db_pool_min", "above its maximum (db_pool_max = 20)", E),
    (PRODUCTION, {"db_pool_min": -1}, "db_pool_min", "negative", E),
    (
        PRODUCTION,
        {"db_pool_max": 0, "db_access_roles": role(connection_limit=1), "db_proof_connection_limit": 1},
        "db_pool_max",
        "could not connect at all",
        E,
    ),
    (
        PRODUCTION,
        {"db_pool_max": 900, "db_access_roles": role(connection_limit=900), "db_proof_connection_limit": 900},
        "db_pool_max",
        "a compute of 0.5 to 2 CU (neon_compute_min_cu, neon_compute_max_cu) is too small for it: 900 application pool + 3 read-only roles",
        E,
    ),
    # Exactly full: 839 connections less 7 kept back, 5 for the owner, 5 of head room, 6 for the other roles are 816.
    (
        PRODUCTION,
        {"db_pool_max": 817, "db_access_roles": role(connection_limit=817), "db_proof_connection_limit": 817},
        "db_pool_max",
        "840 connections, but the server has 839: 1 too many",
        E,
    ),
    (PRODUCTION, {"neon_project_name": "x" * 257}, "neon_project_name", "it has 257 characters, and Neon takes at most 256", E),
    (STAGING, {"neon_branch_name": "é" * 257}, "neon_branch_name", "it has 257 characters", E),
    (PRODUCTION, {"neon_api_key": ""}, "neon_api_key", "the API key is empty", E),
    (PRODUCTION, {"neon_api_key": " \n"}, "neon_api_key", "the API key is empty", E),
    (PRODUCTION, {"neon_api_key": "napi_abc\n"}, "neon_api_key", "line ends", E),
    (PRODUCTION, {"neon_api_key": "napi abc"}, "neon_api_key", "spaces", E),
    (PRODUCTION, {"neon_api_host": ""}, "neon_api_host", "empty", E),
    (PRODUCTION, {"neon_api_host": "console.neon.tech"}, "neon_api_host", "no complete http(s) address", E),
    (PRODUCTION, {"neon_api_host": "http://console.neon.tech/api/v2"}, "neon_api_host", "unencrypted", E),
    (PRODUCTION, {"neon_api_timeout": 0}, "neon_api_timeout", "no task can end", E),
    (PRODUCTION, {"neon_project_name": ""}, "neon_project_name", "it is empty", E),
    (PRODUCTION, {"neon_project_name": "  "}, "neon_project_name", "it holds nothing but blanks", E),
    (PRODUCTION, {"neon_project_name": "sh\u2028op"}, "neon_project_name", "it holds a control character", E),
    (PRODUCTION, {"neon_project_name": "shop "}, "neon_project_name", "ends with a blank", E),
    (PRODUCTION, {"neon_region_id": ""}, "neon_region_id", "it is empty", E),
    (PRODUCTION, {"neon_project_id": "Shop/1"}, "neon_project_id", "this is no id", E),
    (PRODUCTION, {"neon_branch_id": "late-frost-1"}, "neon_branch_id", "this is no id", E),
    (PRODUCTION, {"neon_org_id": "shop"}, "neon_org_id", "this is no id", E),
    (PRODUCTION, {"neon_pg_version": 13}, "neon_pg_version", "14 to 18", E),
    (PRODUCTION, {"neon_pg_version": 19}, "neon_pg_version", "14 to 18", E),
    (PRODUCTION, {"neon_compute_min_cu": 4.0}, "neon_compute_min_cu", "above the maximum (neon_compute_max_cu = 2)", E),
    (PRODUCTION, {"neon_compute_max_cu": 2.5}, "neon_compute_max_cu", "no compute of this size", E),
    (PRODUCTION, {"neon_compute_min_cu": 0.0}, "neon_compute_min_cu", "no compute of this size", E),
    (PRODUCTION, {"neon_compute_max_cu": float("inf")}, "neon_compute_max_cu", "no compute of this size", E),
    (PRODUCTION, {"neon_compute_max_cu": float("nan")}, "neon_compute_max_cu", "no compute of this size", E),
    (PRODUCTION, {"neon_compute_max_cu": 9.0}, "neon_compute_max_cu", "at most 8 CU", E),
    (PRODUCTION, {"neon_compute_min_cu": 16.0, "neon_compute_max_cu": 18.0}, "neon_compute_max_cu", "above 16 CU do not scale", E),
    (PRODUCTION, {"neon_suspend_timeout_seconds": 59}, "neon_suspend_timeout_seconds", "-1 (never)", E),
    (PRODUCTION, {"neon_suspend_timeout_seconds": -2}, "neon_suspend_timeout_seconds", "-1 (never)", E),
    (PRODUCTION, {"neon_suspend_timeout_seconds": 604801}, "neon_suspend_timeout_seconds", "-1 (never)", E),
    (PRODUCTION, {"neon_suspend_timeout_seconds": 300}, "neon_suspend_timeout_seconds", "goes to sleep", W),
    (PRODUCTION, {"neon_suspend_timeout_seconds": 0}, "neon_suspend_timeout_seconds", "goes to sleep", W),
    (PRODUCTION, {"neon_allowed_ips": []}, "neon_allowed_ips", "everyone may connect", E),
    (PRODUCTION, {"neon_allowed_ips": ["203.0.113.7", "10.0.0.1/8"]}, "neon_allowed_ips", "the network is 10.0.0.0/8", E),
    (PRODUCTION, {"neon_quota": {"active_time_seconds": -5}}, "neon_quota", "active_time_seconds is -5", E),
    (
        PRODUCTION,
        {"neon_maintenance_window": {"weekdays": [8], "start_time": "02:00", "end_time": "04:00"}},
        "neon_maintenance_window",
        "weekdays is [8]",
        E,
    ),
    (PRODUCTION, {"neon_history_retention_seconds": 2592001}, "neon_history_retention_seconds", "30 days", E),
    (PRODUCTION, {"neon_history_retention_seconds": -1}, "neon_history_retention_seconds", "30 days", E),
    (PRODUCTION, {"neon_history_retention_seconds": 0}, "neon_history_retention_seconds", "no point-in-time recovery", W),
    (PRODUCTION, {"neon_branch_protected": False}, "neon_branch_protected", "may be deleted or reset", W),
    (PRODUCTION, {"neon_branch_parent": "main"}, "neon_branch_parent", "is the project's default branch", E),
    (PRODUCTION, {"neon_branch_init_source": "schema-only"}, "neon_branch_init_source", "is the project's default branch", E),
    (PRODUCTION, {"neon_branch_parent": "production"}, "neon_branch_parent", "its own parent", E),
    (STAGING, {"neon_branch_parent": "staging"}, "neon_branch_parent", "its own parent", E),
    (STAGING, {"neon_branch_parent": ""}, "neon_branch_parent", "has to be made from another one", E),
    (
        STAGING,
        {
            "neon_branch_name": "production",
            "neon_branch_parent": "",
            "neon_branch_init_source": "",
            "neon_branch_protected": True,
            "neon_suspend_timeout_seconds": -1,
            "neon_project_ownership": "member",
        },
        "neon_branch_name",
        "this inventory is only a member",
        E,
    ),
    (
        PRODUCTION,
        {"neon_isolation": "project", "neon_project_ownership": "member"},
        "neon_branch_name",
        "this inventory is only a member",
        E,
    ),
    (STAGING, {"neon_branch_parent": "prodution"}, "neon_branch_parent", "sure to have is its default branch, production", E),
    (
        STAGING,
        {"neon_branch_init_source": "parent-data"},
        "neon_branch_init_source",
        "starts with all rows of production, personal data included, and nobody",
        E,
    ),
    (STAGING, {"neon_branch_init_source": ""}, "neon_branch_init_source", "because that is Neon's default, personal data included, and nobody", E),
    (STAGING, {"neon_branch_init_source": None}, "neon_branch_init_source", "because that is Neon's default, personal data included, and nobody", E),
    (
        STAGING,
        {"neon_branch_init_source": "", "neon_branch_allow_data_copy": True},
        "neon_branch_init_source",
        "starts with all rows of production, because that is Neon's default",
        W,
    ),
    (
        STAGING,
        {"neon_branch_init_source": "parent-data", "neon_branch_allow_data_copy": True},
        "neon_branch_init_source",
        "starts with all rows of production",
        W,
    ),
    (STAGING, {"neon_isolation": "project"}, "neon_branch_name", "is the project's default branch, which is production", E),
    (PRODUCTION, {"neon_owner_role": "postgres"}, "neon_owner_role", "reserved", E),
    (PRODUCTION, {"neon_owner_role": "pg_owner"}, "neon_owner_role", "belong to PostgreSQL", E),
    (PRODUCTION, {"neon_owner_role": ""}, "neon_owner_role", "it is empty", E),
    (PRODUCTION, {"neon_database_name": "é" * 32}, "neon_database_name", "64 bytes", E),
    (PRODUCTION, {"db_access_schema": "a\nb"}, "db_access_schema", "control character", E),
    (
        STAGING,
        {"db_access_roles": [*role(), {"name": "shop_app", "privileges": "none", "connection_limit": 1}]},
        "db_access_roles",
        "two roles have this name",
        E,
    ),
    (
        STAGING,
        {"db_access_roles": [*role(), {"name": "shop_owner", "privileges": "none", "connection_limit": 1}]},
        "db_access_roles",
        "this is the owner",
        E,
    ),
    *(
        (STAGING, {"db_access_roles": [*role(), {"name": name, "privileges": "none", "connection_limit": 1}]}, "db_access_roles", words, E)
        for name, words in (
            ("pg_monitor", "belong to PostgreSQL"),
            ("neon_superuser", "reserved"),
            ("cloud_admin", "reserved"),
            ("postgres", "reserved"),
            ("PUBLIC", "reserved"),
            ("", "empty"),
            ("a" * 64, "64 bytes"),
        )
    ),
    (PRODUCTION, {"db_access_roles": role(member_of=["neon_superuser"])}, "db_access_roles", "members of neon_superuser have rights", E),
    (PRODUCTION, {"db_access_roles": role(member_of=["shop_owner"])}, "db_access_roles", "members of shop_owner have rights", E),
    (
        PRODUCTION,
        {"db_access_roles": role(member_of=["extra"]), "db_proof_forbidden_roles": ["extra"]},
        "db_access_roles",
        "members of extra have rights",
        E,
    ),
    (PRODUCTION, {"db_access_roles": role(member_of=["shop_app"])}, "db_access_roles", "a member of itself", E),
    (
        PRODUCTION,
        {"db_access_roles": role(connection_limit=-1), "db_proof_connection_limit": -1},
        "db_access_roles",
        "without a limit the pool's maximum",
        E,
    ),
    (
        PRODUCTION,
        {"db_access_roles": role(connection_limit=21), "db_proof_connection_limit": 21},
        "db_access_roles",
        "may hold 21 connections together (shop_app 21), which is above the pool's maximum (db_pool_max = 20)",
        E,
    ),
    (
        PRODUCTION,
        {"db_access_roles": [*role(), {"name": "shop_worker", "privileges": "application", "connection_limit": 20}]},
        "db_access_roles",
        "may hold 40 connections together (shop_app 20 + shop_worker 20), which is above the pool's maximum (db_pool_max = 20)",
        E,
    ),
    (
        PRODUCTION,
        {"db_access_roles": [*role(), {"name": "shop_worker", "privileges": "application", "connection_limit": 1}]},
        "db_access_roles",
        "may hold 21 connections together",
        E,
    ),
    (
        PRODUCTION,
        {"db_access_roles": [*role(), {"name": "shop_worker", "privileges": "application"}]},
        "db_access_roles",
        "without a limit the pool's maximum",
        E,
    ),
    # Every role that logs in counts: 900 for a role without privileges do not fit into 839.
    (
        PRODUCTION,
        {"db_access_roles": [*role(), {"name": "shop_batch", "privileges": "none", "connection_limit": 900}]},
        "db_pool_max",
        "20 application pool + 900 other roles + 3 read-only roles + 3 monitoring",
        E,
    ),
    # Exactly full are 796.
    (
        PRODUCTION,
        {"db_access_roles": [*role(), {"name": "shop_batch", "privileges": "none", "connection_limit": 797}]},
        "db_pool_max",
        "840 connections, but the server has 839: 1 too many",
        E,
    ),
    *(
        (PRODUCTION, {"db_access_roles": [*role(), {"name": "x", "privileges": privileges, **limit}]}, "db_access_roles", "every free connection", W)
        for privileges in ("none", "readonly", "monitoring")
        for limit in ({}, {"connection_limit": -1})
    ),
    (PRODUCTION, {"db_access_roles": role(connection_limit=0), "db_proof_connection_limit": 0}, "db_access_roles", "nobody can connect", E),
    (PRODUCTION, {"db_access_roles": role(connection_limit=-2), "db_proof_connection_limit": -2}, "db_access_roles", "-1 (none) or at least 1", E),
    (PRODUCTION, {"db_access_passwords": {"shop_ap": "hunter2"}}, "db_access_passwords", "no declared role has this name", E),
    (PRODUCTION, {"db_access_passwords": {"shop_app": ""}}, "db_access_passwords", "empty or no text", E),
    (PRODUCTION, {"db_access_passwords": {"shop_app": 5}}, "db_access_passwords", "empty or no text", E),
    (PRODUCTION, {"db_delivery_role": "shop_ap"}, "db_delivery_role", "declares no such role", E),
    (PRODUCTION, {"db_delivery_role": "shop_readonly", "db_proof_connection_limit": 3}, "db_delivery_role", "privileges of readonly", W),
    (PRODUCTION, {"db_proof_connection_limit": 15}, "db_access_roles", "the proof will expect a limit of 15", E),
    (PRODUCTION, {"db_delivery_pooled_variable": "DATABASE-URL"}, "db_delivery_pooled_variable", "not the name of an environment variable", E),
    (PRODUCTION, {"db_delivery_direct_variable": "DATABASE_URL"}, "db_delivery_direct_variable", "same variable", E),
    (PRODUCTION, {"db_delivery_file": "/home/ada/state/secrets/shop.json"}, "db_delivery_file", "another format", E),
    (PRODUCTION, {"db_settings_roles": {"nobody": {}}}, "db_settings_roles", "declares no such role", E),
    (PRODUCTION, {"db_settings_roles": {"shop_app": "x"}}, "db_settings_roles", "mapping", E),
    (PRODUCTION, {"db_settings_roles": {"shop_app": {"jit": "perhaps"}}}, "db_settings_roles", "not a value for jit: it is not a Boolean", E),
    (PRODUCTION, {"db_settings_roles": {"shop_app": {"fsync": False}}}, "db_settings_roles", "fsync cannot be set for a role: it belongs to", E),
    (PRODUCTION, {"db_settings_database": {"statement_timeout": "abc"}}, "db_settings_database", "statement_timeout: it is not a number", E),
    (PRODUCTION, {"db_settings_database": {"statement_timeout": -1}}, "db_settings_database", "outside of the valid range 0 ms to", E),
    (PRODUCTION, {"db_settings_database": {"statement_timeout": None}}, "db_settings_database", "statement_timeout has no value", E),
    (PRODUCTION, {"db_settings_database": {"statement_timeout": {"a": 1}}}, "db_settings_database", "it is a dict", E),
    (PRODUCTION, {"db_settings_database": {"work_mem": "1gb"}}, "db_settings_database", "Units are case-sensitive", E),
    (PRODUCTION, {"db_settings_database": {"work_mem": ["1MB"]}}, "db_settings_database", "not a list parameter", E),
    (PRODUCTION, {"db_settings_database": {"default_transaction_isolation": "x"}}, "db_settings_database", "none of serializable, repeatable", E),
    (PRODUCTION, {"db_settings_database": {"max_connections": 100}}, "db_settings_database", "only when the server starts", E),
    (PRODUCTION, {"db_settings_database": {"no_such_setting": 1}}, "db_settings_database", "PostgreSQL 17 has no parameter no_such_setting", E),
    (PRODUCTION, {"db_settings_database": {"work_mem": 64, "WORK_MEM": 64}}, "db_settings_database", "work_mem is declared twice", E),
    (PRODUCTION, {"db_settings_database": {True: 1}}, "db_settings_database", "no parameter True", E),
    (PRODUCTION, {"db_settings_database": {"log_statement": "all"}}, "db_settings_database", "only a superuser may set log_statement", W),
    (PRODUCTION, {"db_settings_database": {"log_statement": "most"}}, "db_settings_database", "it is none of none, ddl, mod, all", E),
    (PRODUCTION, {"neon_pg_version": 16, "db_settings_database": {"transaction_timeout": 1}}, "db_settings_database", "16 has no parameter", E),
    (PRODUCTION, {"db_settings_server": {"shared_buffers": "1GB"}}, "db_settings_server", "Neon has no ALTER SYSTEM", E),
    (LEVEL, {"db_settings_server": {"wal_level": "logical"}}, "db_settings_server", "wal_level cannot be set for the whole server on Neon", E),
    (PRODUCTION, {"db_settings_server": {"log_statement": "most"}}, "db_settings_server", "it is none of none, ddl, mod, all", E),
    (PRODUCTION, {"db_settings_server": {"maintenance_work_mem": "1gb"}}, "db_settings_server", "Units are case-sensitive", E),
    (
        PRODUCTION,
        {"db_settings_server": {"maintenance_work_mem": "1GB"}, "db_settings_database": {"maintenance_work_mem": "1GB"}},
        "db_settings_server",
        "both would be kept for database shop",
        E,
    ),
    # The level's own settings stay out of the way of declared ones, in any case of the name; what it does not derive still needs a value.
    (LEVEL, {"db_settings_database": {"WORK_MEM": "1gb"}}, "db_settings_database", "Units are case-sensitive", E),
    (LEVEL, {"db_settings_database": {"statement_timeout": None}}, "db_settings_database", "statement_timeout has no value", E),
    (LEVEL, {"db_settings_level": "none", "db_settings_database": {"jit": None}}, "db_settings_database", "jit has no value", E),
    (LEVEL, {"db_settings_database": {"work_mem": "64MB"}}, "db_settings_database", "more memory than there is: 512 MB shared + 512 MB for 4", W),
    (LEVEL, {"db_settings_database": {"Hash_Mem_Multiplier": 8}}, "db_settings_database", "for 46 sessions and parallel workers = 2.", W),
    (LEVEL, {"db_settings_compute": {**COMPUTE, "memory": "2"}}, "db_settings_level", "'2' is less than 128MB: a number without a unit", E),
    (LEVEL, {"db_settings_compute": {**COMPUTE, "cpus": 0}}, "db_settings_level", "0 is no number of CPUs", E),
    (LEVEL, {"db_settings_connections": {"application": 20_000}}, "db_settings_level", "2.0 GB of memory are too little for 20005 sessions", E),
    # What is wrong with the compute or the pool is said of them, once.
    (LEVEL, {"neon_compute_min_cu": 3.0, "db_settings_compute": {**COMPUTE, "memory": "3.0CU"}}, "neon_compute_min_cu", "", E),
    (LEVEL, {"db_pool_max": 0, "db_pool_min": 0, "db_settings_connections": {"application": 0}}, "db_pool_max", "could not connect at all", E),
    (PRODUCTION, {"db_access_passwords": {"shop_app": "hunter2\0"}}, "db_access_passwords", "holds a null character", E),
    (PRODUCTION, {"db_tls_mode": "verify-ca"}, "db_tls_mode", "pose as the server", E),
    (STAGING, {"db_tls_mode": "require"}, "db_tls_mode", "pose as the server", W),
    # The variable of the playbook, which is what the caller has written.
    (PREVIEW, {"neon_preview_ttl": "31d"}, "preview_ttl (the role's neon_preview_ttl)", "31d is 31 d, Neon keeps an expiring branch for 30 d", E),
    (PREVIEW, {"neon_preview_ttl": "0"}, "preview_ttl (the role's neon_preview_ttl)", "'0' is no span of time above 0", E),
    (PREVIEW, {"neon_preview_ttl": ""}, "preview_ttl (the role's neon_preview_ttl)", "'' is no span of time", E),
    (PREVIEW, {"neon_preview_ttl": "soon"}, "preview_ttl (the role's neon_preview_ttl)", "'soon' is no span of time", E),
]


@pytest.mark.parametrize(("base", "changes", "variable", "words", "warning"), CASES)
def test_a_rule(base: dict[str, t.Any], changes: dict[str, t.Any], variable: str, words: str, warning: bool) -> None:
    found = judge({**base, **changes})
    assert [(item.variable, item.warning) for item in found] == [(variable, warning)], found
    assert words in found[0].reason
    assert found[0].remedy
    text = found[0].describe()
    assert "hunter2" not in text
    assert "napi" not in text


def test_the_level_is_shown_with_what_it_derives_and_the_sum_of_the_memory() -> None:
    said = tuning_rules.arithmetic({**LEVEL, "db_settings_database": {"WORK_MEM": "8MB", "jit": None, "statement_timeout": "30s"}})
    derived = said["derived_settings"]["database"]
    assert said["derived_settings"]["server"] == {}
    assert derived["maintenance_work_mem"] == "128MB"
    assert not {"work_mem", "WORK_MEM", "jit", "statement_timeout"} & set(derived)
    level, memory = said["settings_arithmetic"]
    assert level.startswith(f"The level optimised derives {len(derived)} settings of the database: ")
    assert "maintenance_work_mem = 128MB" in level
    # 46 times 8 MB, twice.
    assert memory == (
        "Memory, if all work at once: 512 MB shared + 512 MB for 4 maintenance workers + 736 MB for 46 sessions and parallel workers = 1.7 GB of 2.0 GB."
    )


@pytest.mark.parametrize("changes", [{"db_settings_level": "none"}, {"db_pool_max": 0}, {"neon_pg_version": 13}, {"db_settings_compute": {}}])
def test_without_a_level_that_can_be_derived_nothing_is_shown(changes: dict[str, t.Any]) -> None:
    assert tuning_rules.arithmetic({**LEVEL, **changes}) == {"derived_settings": None, "settings_arithmetic": []}


def test_a_derived_setting_that_a_server_would_refuse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Tuning({"shared_buffers": "1GB"}, {"work_mem": "1gb"})
    monkeypatch.setattr(tuning_rules, "derive", lambda *_args: wrong)
    found = [(item.variable, item.value) for item in judge(LEVEL) if not item.warning]
    assert found == [("db_settings_level", '{"shared_buffers": "1GB"}'), ("db_settings_level", '{"work_mem": "1gb"}')]


def test_every_wrong_setting_is_found_with_the_variable_it_stands_in() -> None:
    database = {"statement_timeout": "abc", "max_connections": 100, "no_such_setting": 1, "jit": True, "work_mem": "8MB"}
    found = judge({**PRODUCTION, "db_settings_database": database, "db_settings_roles": {"shop_readonly": {"work_mem": "x", "lock_timeout": "1x"}}})
    assert [(item.variable, item.value) for item in found] == [
        ("db_settings_database", '{"statement_timeout": "abc"}'),
        ("db_settings_database", '{"max_connections": 100}'),
        ("db_settings_database", '{"no_such_setting": 1}'),
        ("db_settings_roles", '{"shop_readonly": {"work_mem": "x"}}'),
        ("db_settings_roles", '{"shop_readonly": {"lock_timeout": "1x"}}'),
    ]


def test_the_remedy_names_the_nearest_settings() -> None:
    assert "Did you mean statement_timeout" in judge({**PRODUCTION, "db_settings_database": {"statement_timeot": 1}})[0].remedy


def test_a_secret_among_the_settings_is_not_shown() -> None:
    found = judge({**PRODUCTION, "db_settings_database": {"password_encryption": "hunter2", "app.api_key": {"a": "hunter2"}}})
    assert len(found) == 2
    assert not [item for item in found if "hunter2" in item.describe()]


@pytest.mark.parametrize(
    "settings",
    [
        {"statement_timeout": "60s", "lock_timeout": 5000, "idle_in_transaction_session_timeout": "1.5min", "jit": False},
        {"search_path": ["app", "public"], "TimeZone": "Europe/Vienna", "datestyle": "ISO, DMY"},
        {"default_toast_compression": "lz4"},  # only some servers know it, Neon's do
        {"pgaudit.log": "ddl", "app.anything": "hunter2"},  # an extension's, which nobody can know here
    ],
)
def test_settings_that_a_server_takes_are_not_found(settings: dict[str, t.Any]) -> None:
    assert judge({**PRODUCTION, "db_settings_database": settings, "db_settings_roles": {"shop_owner": settings}}) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"neon_compute_max_cu": 2.5}, "Declare 2 or 3."),
        ({"neon_compute_max_cu": 0.1}, "Declare 0.25."),
        ({"neon_compute_max_cu": 100.0}, "Declare 56."),
    ],
)
def test_the_remedy_names_the_nearest_sizes(changes: dict[str, t.Any], text: str) -> None:
    assert judge({**PRODUCTION, **changes})[0].describe().endswith(text)


def test_a_user_in_the_address_is_not_shown() -> None:
    found = judge({**PRODUCTION, "neon_api_host": "https://ada:hunter2@console.neon.tech"})
    assert [item.variable for item in found] == ["neon_api_host"]
    assert "hunter2" not in found[0].describe()


def test_files_that_the_file_system_objects_to() -> None:
    problem = Problem("it cannot be read", "Name a file")
    assert [item.variable for item in judge(PRODUCTION, {"db_tls_ca_file": problem})] == ["db_tls_ca_file"]
    unverified = judge({**STAGING, "db_tls_mode": "require"}, {"db_tls_ca_file": problem})
    assert [item.variable for item in unverified] == ["db_tls_mode"], "nothing is verified, so no CA is needed"
    both = {"db_state_dir": problem, "db_access_secret_file": problem, "db_delivery_file": problem}
    assert [item.variable for item in judge(PRODUCTION, both)] == ["db_state_dir"], "what lies inside is not repeated"
    assert [item.variable for item in judge({**PRODUCTION, "db_delivery_file": "/srv/x.env"}, both)] == ["db_state_dir", "db_delivery_file"]


def test_the_arithmetic_is_the_one_that_the_operator_expects() -> None:
    said = pool_rules.arithmetic(PRODUCTION)
    assert said["connections"]["max_connections"] == 839
    assert said["connections"]["needed"] == 20 + 3 + 3 + 5 + 5 + 7
    assert said["connections"]["fits"] is True
    assert "839 connections" in said["connection_arithmetic"][0]
    assert pool_rules.arithmetic({}) == {"connections": None, "connection_arithmetic": []}
    assert pool_rules.arithmetic({**PRODUCTION, "neon_compute_max_cu": 2.5})["connections"] is None


def sentences(**changes: t.Any) -> list[str]:
    return pool_rules.arithmetic({**PRODUCTION, **changes})["connection_arithmetic"]


def test_the_sentences_are_true_of_what_is_declared() -> None:
    assert sentences() == [
        "A Neon compute of 0.5 to 2 CU has 839 connections (max_connections), 7 of them are kept back for superusers.",
        "The connection limits of the application's roles let it hold 20 of them (shop_app 20), db_pool_max is 20.",
        "The minimum of 5 (db_pool_min) is not kept open on Neon: its pooler opens connections on demand.",
        "20 application pool + 3 read-only roles + 3 monitoring + 5 owner and migrations + 5 head room + 7 kept back for superusers"
        " = 43 of 839 connections; 796 stay free.",
        "The owner has no connection limit: the 5 are what its sessions usually need.",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"db_access_roles": [*role(connection_limit=12), {"name": "shop_worker", "privileges": "application", "connection_limit": 6}]},
            "The connection limits of the application's roles let it hold 18 of them (shop_app 12 + shop_worker 6), db_pool_max is 20.",
        ),
        (
            {"db_access_roles": role()[1:]},
            "No application role with a connection limit is declared: nothing holds the application to the 20 of db_pool_max.",
        ),
        (
            {"db_access_roles": [*role(), {"name": "a", "privileges": "none"}, {"name": "b", "privileges": "readonly", "connection_limit": -1}]},
            "Not counted, because they have no connection limit and can take all that stay free: a, b.",
        ),
    ],
)
def test_a_sentence_about_roles(changes: dict[str, t.Any], sentence: str) -> None:
    assert sentence in sentences(**changes)


def test_no_minimum_needs_no_sentence() -> None:
    assert not any("minimum" in sentence for sentence in sentences(db_pool_min=0))


def test_roles_without_privileges_have_a_row_of_their_own() -> None:
    roles = [*role(), {"name": "shop_batch", "privileges": "none", "connection_limit": 9}, {"name": "x", "privileges": "none", "connection_limit": 1}]
    said = pool_rules.arithmetic({**PRODUCTION, "db_access_roles": roles})["connections"]
    assert [(row["subject"], row["connections"]) for row in said["rows"]][:3] == [
        ("application pool", 20),
        ("other roles", 10),
        ("read-only roles", 3),
    ]
    assert said["needed"] == 43 + 10
    assert said["needed"] == sum(row["connections"] for row in said["rows"])
    assert said["verdict"].endswith("= 53 of 839 connections; 786 stay free")


def test_the_longest_names_pass() -> None:
    assert judge({**STAGING, "neon_project_name": "店" * 256, "neon_branch_name": "店" * 256}) == []


@pytest.mark.parametrize("length", [names.LONGEST_NAME, names.LONGEST_NAME + 1])
def test_the_preflight_takes_the_names_that_the_modules_take(length: int) -> None:
    assert neon_rules.LONGEST_NAME is names.LONGEST_NAME
    refused = length > names.LONGEST_NAME
    with pytest.raises(InputError) if refused else contextlib.nullcontext():
        names.check_name("n" * length, "name")
    assert bool(judge({**STAGING, "neon_branch_name": "n" * length})) is refused


def test_the_end_of_a_preview_that_goes_away_is_not_looked_at() -> None:
    assert judge({**PREVIEW, "neon_preview_state": "absent", "neon_preview_ttl": "31d"}) == []
    assert judge({**PREVIEW, "neon_preview_ttl": "30d"}) == []


def test_the_word_default_is_a_value_of_every_setting() -> None:
    settings = {"work_mem": "DEFAULT", "search_path": "default"}
    assert judge({**PRODUCTION, "db_settings_database": settings, "db_settings_roles": {"shop_readonly": settings}}) == []


@pytest.mark.parametrize(
    "settings", [{"db_settings_database": {"work_mem": "DEFAULT"}}, {"db_settings_server": {"log_min_duration_statement": "DEFAULT"}}]
)
def test_the_word_default_goes_before_what_a_level_derives(settings: dict[str, t.Any]) -> None:
    assert [item for item in judge({**LEVEL, **settings}) if not item.warning] == []


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"neon_preview_report_file": "/home/ada/p.env"}, ["preview_report_file|this is the file of preview_env_file"]),
        ({"neon_preview_report_file": "/home/ada/./p.env"}, ["preview_report_file|this is the file of preview_env_file"]),
        ({"neon_preview_report_file": "/home/ada/own.env"}, ["preview_report_file|the environment that the preview is made from keeps"]),
        ({"neon_preview_env_file": "/home/ada/own.env"}, ["preview_env_file|the environment that the preview is made from keeps"]),
        ({"db_access_secret_file": "/home/ada/p.json"}, ["db_access_secret_file|this is the file of preview_report_file"]),
        ({"db_delivery_file": "/home/ada/./p.env"}, []),
        ({"db_delivery_file": "/home/ada/own.env"}, ["db_delivery_file|it is where the environment delivers its own connection strings"]),
        # What the command line says hides the environment's own path, so no other one is believed either.
        (
            {"db_delivery_file": "/home/ada/x.env", "neon_preview_forbidden_files": ["/home/ada/x.env"]},
            ["db_delivery_file|it is where the environment delivers its own connection strings"],
        ),
        (
            {"db_access_secret_file": "/home/ada/x.json", "neon_preview_forbidden_files": ["/home/ada/x.json"]},
            ["db_access_secret_file|the environment that the preview is made from keeps"],
        ),
    ],
)
def test_a_preview_writes_each_file_on_its_own_and_none_of_the_environments(changes: dict[str, t.Any], expected: list[str], state: str) -> None:
    values = {**PREVIEW, "neon_preview_state": state, "neon_preview_env_file": "/home/ada/p.env", "neon_preview_report_file": "/home/ada/p.json"}
    # As the playbook wires it, unless the command line says something else.
    values |= {"db_delivery_file": changes.get("neon_preview_env_file", values["neon_preview_env_file"])}
    values |= {"neon_preview_forbidden_files": ["/home/ada/own.env"], **changes}
    found = rules.judge(values, FileFacts(places=files.look(values).places))
    assert len(found) == len(expected)
    for item, start in zip(found, expected, strict=True):
        words, reason = start.split("|")
        assert item.variable.startswith(words) and item.reason.startswith(reason) and not item.warning


def test_a_file_is_the_same_behind_a_symbolic_link(tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").symlink_to(tmp_path)
    values = {"neon_preview_env_file": str(tmp_path / "x"), "neon_preview_report_file": str(tmp_path / "there" / "x")}
    assert ["preview_report_file" in item.variable for item in rules.judge(values, FileFacts(places=files.look(values).places))] == [True]


@pytest.mark.parametrize("state", ["state", "./state", "state/", ".", "/home/ada/state", "/home/ada/state/"])
def test_a_problem_of_the_state_directory_is_said_once(state: str) -> None:
    paths = {
        "db_state_dir": state,
        "db_preflight_lock_dir": f"{state}/locks",
        "db_access_secret_file": f"{state}/secrets/shop.json",
        "db_delivery_file": f"{state}/delivery/shop.env",
    }
    problems = dict.fromkeys(paths, Problem("it is a relative path", "Declare an absolute one"))
    assert [found.variable for found in judge({**PRODUCTION, **paths}, problems)] == ["db_state_dir"]
    elsewhere = {**paths, "db_delivery_file": "elsewhere/shop.env", "db_access_secret_file": "/srv/shop.json"}
    expected = ["db_state_dir", "db_access_secret_file", "db_delivery_file"] if state != "." else ["db_state_dir", "db_access_secret_file"]
    assert [found.variable for found in judge({**PRODUCTION, **elsewhere}, problems)] == expected


@pytest.mark.parametrize(("size", "fits"), [(240, True), (241, True), (242, False), (300, False)])
def test_a_file_name_must_leave_room_for_the_temporary_one(tmp_path: pathlib.Path, size: int, fits: bool) -> None:
    path = tmp_path / ("x" * size)
    problems = files.look({"db_delivery_file": str(path), "db_state_dir": str(tmp_path / ("y" * 255))}).problems
    # Everybody may make files in the folder of the tests: that is another problem.
    assert ("bytes, and 241 is what fits" in problems["db_delivery_file"].reason if "db_delivery_file" in problems else False) is not fits
    assert "bytes" not in (problems["db_state_dir"].reason if "db_state_dir" in problems else "")
    if fits:
        private_file.write_private(str(path), "", "here")


def test_two_application_roles_within_the_maximum_pass() -> None:
    roles = [*role(connection_limit=12), {"name": "shop_worker", "privileges": "application", "connection_limit": 8}]
    assert judge({**PRODUCTION, "db_access_roles": roles, "db_proof_connection_limit": 12}) == []


def test_the_sum_of_limits_has_one_remedy() -> None:
    roles = [*role(), {"name": "shop_worker", "privileges": "application", "connection_limit": 20}]
    (found,) = judge({**PRODUCTION, "db_access_roles": roles})
    assert found.remedy == "Lower their limits to a sum of at most 20, or raise db_pool_max to 40"


def test_who_may_have_the_default_branch() -> None:
    member = {"neon_project_ownership": "member"}
    (shared,) = judge({**PRODUCTION, **member})
    assert "to the inventory that owns the project" in shared.remedy
    (own,) = judge({**PRODUCTION, **member, "neon_isolation": "project"})
    assert own.remedy.startswith("Declare neon_project_ownership: owner")
    assert judge({**PRODUCTION, "neon_isolation": "project"}) == []


def test_a_source_that_is_no_choice_is_not_taken_for_neons_default() -> None:
    values = dict(STAGING)
    del values["neon_branch_init_source"]
    assert judge(values) == []


TEXT = st.text(max_size=8)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        name: (
            st.booleans() | st.just(value)
            if isinstance(value, bool)
            else st.integers() | st.just(value)
            if isinstance(value, int)
            else st.floats() | st.just(value)
            if isinstance(value, float)
            else TEXT | st.just(value)
            if isinstance(value, str)
            else st.just(value)
        )
        for name, value in PRODUCTION.items()
    },
)


@given(VALUES)
def test_no_declaration_of_the_right_types_breaks_a_rule(values: dict[str, t.Any]) -> None:
    for item in judge(values):
        assert item.describe()
        assert "\n" not in item.describe()
    pool_rules.arithmetic(values)
