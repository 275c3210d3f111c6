# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of pg_access: by table, and by carrying random plans out on a model of the server."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.access_model import (
    PUBLIC,
    AccessState,
    AccessWanted,
    Membership,
    ObjectState,
    RoleState,
    RoleWanted,
    empty_server,
    hand_over,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.access_plan import plan_access
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.privilege_plan import CHUNK
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.role_mark import Mark
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.statement import Identifier, Keywords, Routine, Statement

MARK = Mark("staging", "branch:br-1")
APP = RoleWanted("app", "application", connection_limit=15, password="secret of app")
READER = RoleWanted("reader", "readonly", password="secret of reader")
WATCHER = RoleWanted("watcher", "monitoring", password="secret of watcher")
WANTED = AccessWanted("shop", "public", "owner", MARK, (APP, READER, WATCHER))
ATTRIBUTES = {"login": True, "inherit": True, "superuser": False, "createdb": False, "createrole": False, "replication": False, "bypassrls": False}
KINDS = {
    "TABLE": "table",
    "SEQUENCE": "sequence",
    "ROUTINE": "routine",
    "TABLES": "table",
    "SEQUENCES": "sequence",
    "ROUTINES": "routine",
    "DATABASE": "database",
    "SCHEMA": "schema",
    "SCHEMAS": "schema",
}


def converged(wanted: AccessWanted = WANTED, major: int = 17) -> AccessState:
    return carry_out(empty_server(major, wanted), wanted)


def only(wanted: RoleWanted) -> AccessWanted:
    return dataclasses.replace(WANTED, roles=(wanted,))


def with_role(state: AccessState, name: str, **changes: t.Any) -> AccessState:
    return dataclasses.replace(state, roles={**state.roles, name: dataclasses.replace(state.roles[name], **changes)})


def carry_out(state: AccessState, wanted: AccessWanted) -> AccessState:
    """Apply a plan to a model of the server that knows what the statements mean."""
    for change in plan_access(state, wanted).changes:
        state = _apply(state, change.payload)
    return state


def _apply(state: AccessState, statement: Statement) -> AccessState:
    parts = statement.parts
    text = statement.template
    if not text and statement.clear_password:
        return with_role(state, statement.clear_password.role, password="fits")
    if text.startswith("CREATE SCHEMA"):
        return dataclasses.replace(state, schema_exists=True)
    role = PUBLIC if parts.get("role", Keywords("PUBLIC")) == Keywords("PUBLIC") else parts["role"].parts[0]  # type: ignore[union-attr]
    if text.startswith("CREATE ROLE"):
        fresh = RoleState(role, dict(ATTRIBUTES), -1)
        state = dataclasses.replace(state, roles={**state.roles, role: fresh})
        return _alter(state, role, statement)
    if text.startswith("ALTER ROLE"):
        return _alter(state, role, statement)
    if text.startswith("COMMENT"):
        return with_role(state, role, comment=parts["text"].value)  # type: ignore[union-attr]
    if "group" in parts:
        return _membership(state, role, statement)
    return _privileges(state, role, statement)


def _alter(state: AccessState, role: str, statement: Statement) -> AccessState:
    parts = statement.parts
    present = state.roles[role]
    words = parts["words"].text.split() if "words" in parts else []  # type: ignore[union-attr]
    if "NOLOGIN" in statement.template:
        words.append("NOLOGIN")
    attributes = dict(present.attributes)
    for word in words:
        name = word.lower()
        attributes[name.removeprefix("no")] = not name.startswith("no")
    limit = parts["limit"].value if "limit" in parts else present.connection_limit  # type: ignore[union-attr]
    password = "fits" if "password" in parts or statement.clear_password else present.password
    expires = present.expires and "until" not in parts
    return with_role(state, role, attributes=attributes, connection_limit=limit, password=password, expires=expires)


def _membership(state: AccessState, role: str, statement: Statement) -> AccessState:
    group = statement.parts["group"].parts[0]  # type: ignore[union-attr]
    held = state.roles[role].memberships
    if statement.template.startswith("GRANT"):
        return with_role(state, role, memberships=(*held, Membership(group, False, "owner")))
    grantor = statement.parts["grantor"].parts[0] if "grantor" in statement.parts else None  # type: ignore[union-attr]
    hit = [item for item in held if item.role == group and grantor in (None, item.grantor)]
    rest = tuple(item for item in held if item not in hit)
    if "ADMIN OPTION" in statement.template:
        rest += tuple(dataclasses.replace(item, admin=False) for item in hit)
    return with_role(state, role, memberships=rest)


def _privileges(state: AccessState, role: str, statement: Statement) -> AccessState:
    parts = statement.parts
    text = statement.template
    kind = KINDS[parts["kind"].text] if "kind" in parts else KINDS[text.split(" ON ")[1].split()[0]]  # type: ignore[union-attr]
    words = parts["privileges"].text if "privileges" in parts else text.split()[1]  # type: ignore[union-attr]
    names = set(words.split(", "))

    def change(grants: frozenset[t.Any]) -> frozenset[t.Any]:
        if "REVOKE GRANT OPTION FOR" in text:
            return frozenset((who, what, option and not (who == role and what in names)) for who, what, option in grants)
        kept = {grant for grant in grants if not (grant[0] == role and grant[1] in names)} if "REVOKE" in text else set(grants)
        return frozenset(kept if "REVOKE" in text else kept | {(role, name, False) for name in names})

    if text.startswith("ALTER DEFAULT PRIVILEGES") and "{schema}" not in text:
        held = state.global_default_grants
        return dataclasses.replace(state, global_default_grants={**held, kind: change(held.get(kind, frozenset()))})
    if text.startswith("ALTER DEFAULT PRIVILEGES"):
        return dataclasses.replace(state, default_grants={**state.default_grants, kind: change(state.default_grants.get(kind, frozenset()))})
    if kind == "database":
        return dataclasses.replace(state, database_grants=change(state.database_grants))
    if kind == "schema":
        return dataclasses.replace(state, schema_grants=change(state.schema_grants))
    objects = parts["objects"].parts  # type: ignore[union-attr]

    def changed(item: ObjectState) -> ObjectState:
        columns = item.column_grants
        if "REVOKE" in text:
            # PostgreSQL takes what is revoked on a table from its columns as well; a GRANT on the table leaves them alone.
            names_of_columns = {grant[0] for grant in columns}
            columns = frozenset(
                (column, *grant) for column in names_of_columns for grant in change(frozenset(item[1:] for item in columns if item[0] == column))
            )
        return dataclasses.replace(item, grants=change(item.grants), column_grants=columns)

    return dataclasses.replace(state, objects=tuple(changed(item) if item.part in objects else item for item in state.objects))


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_a_new_server_needs_everything_and_then_nothing(major: int) -> None:
    plan = plan_access(empty_server(major, WANTED), WANTED)
    steps = [change.describe() for change in plan.changes]
    assert steps[0] == "create role app" and "revoke CONNECT on database shop from PUBLIC" in steps
    assert ("revoke CREATE on schema public from PUBLIC" in steps) is (major < 15)
    assert "grant role pg_monitor to watcher" in steps
    rest = plan_access(converged(major=major), WANTED)
    assert rest.changes == () and rest.before == rest.after


def test_no_secret_stands_in_the_plan() -> None:
    plan = plan_access(empty_server(17, WANTED), WANTED)
    shown = repr(plan.changes) + repr(plan.before) + repr(plan.after) + " ".join(change.describe() for change in plan.changes)
    assert "secret of" not in shown and "secret of" not in repr([change.payload for change in plan.changes]) and "secret of" not in repr(WANTED)


def test_each_line_of_the_diff_says_whose_it_is() -> None:
    state = with_role(converged(), "app", connection_limit=3, password="differs")
    plan = plan_access(dataclasses.replace(state, roles={name: role for name, role in state.roles.items() if name != "reader"}), WANTED)
    different = {key for key in plan.before.keys() | plan.after.keys() if plan.before.get(key) != plan.after.get(key)}
    assert {"role app, connection_limit", "role app, password", "role reader, exists"} <= different
    assert {key.partition(",")[0] for key in different} == {"role app", "role reader"}
    assert not [value for value in (*plan.before.values(), *plan.after.values()) if not isinstance(value, (str, int, type(None)))]


def test_only_what_differs_is_altered() -> None:
    state = with_role(converged(), "app", attributes={**ATTRIBUTES, "createdb": True})
    (change,) = plan_access(state, WANTED).changes
    assert change.payload.template == "ALTER ROLE {role} {words}"
    assert change.payload.parts["words"].text == "NOCREATEDB"


def test_a_thousand_tables_cost_a_handful_of_statements() -> None:
    tables = tuple(ObjectState("table", Identifier("public", f"t{number}"), "owner") for number in range(1000))
    state = dataclasses.replace(converged(), objects=tables)
    changes = plan_access(state, WANTED).changes
    assert len(changes) == 2 * (1000 // CHUNK)
    assert plan_access(carry_out(state, WANTED), WANTED).changes == ()


def test_objects_of_others_are_left_alone_and_named() -> None:
    state = dataclasses.replace(converged(), objects=(ObjectState("table", Identifier("public", "theirs"), "somebody"),))
    plan = plan_access(state, WANTED)
    assert plan.changes == ()
    assert plan.warnings == ("1 objects in schema public belong to somebody, not to owner: privileges on them are not managed",)


def test_monitoring_where_it_may_not_be_granted() -> None:
    state = dataclasses.replace(empty_server(17, WANTED), grantable={"pg_monitor": False})
    plan = plan_access(state, WANTED)
    assert not [change for change in plan.changes if "pg_monitor" in change.subject]
    assert plan.warnings == (" may not grant pg_monitor: role watcher sees less of the server's statistics".replace(" may", "owner may", 1),)
    assert plan.after["role watcher, member_of"] == "(none)"


def test_monitoring_that_somebody_else_granted_stays() -> None:
    state = dataclasses.replace(converged(), grantable={"pg_monitor": False})
    assert plan_access(state, WANTED).changes == ()


def test_an_extra_membership_is_revoked_by_its_grantor_from_16_on() -> None:
    for major, template in ((15, "REVOKE {group} FROM {role}"), (16, "REVOKE {group} FROM {role} GRANTED BY {grantor}")):
        state = converged(major=major)
        state = with_role(state, "app", memberships=(Membership("other", False, "somebody"),))
        state = dataclasses.replace(state, grantable={**state.grantable, "other": True})
        (change,) = plan_access(state, WANTED).changes
        assert change.payload.template == template


@pytest.mark.parametrize(("password", "words"), [("fits", []), ("unasked", []), ("differs", ["password"]), ("unknown", ["password"])])
def test_a_password_is_set_unless_it_fits(password: str, words: list[str]) -> None:
    changes = plan_access(with_role(converged(), "app", password=password), WANTED).changes
    assert [change.subject for change in changes] == [f"role app: {word}" for word in words]


def test_a_clear_password_stands_in_no_statement() -> None:
    clear = dataclasses.replace(WANTED, clear_passwords=True)
    first = plan_access(empty_server(17, clear), clear).changes[0].payload
    assert "PASSWORD" not in first.template and "password" not in first.parts and first.clear_password.value == "secret of app"
    (change,) = plan_access(with_role(converged(), "app", password="differs"), clear).changes
    assert change.payload.template == "" and change.payload.clear_password.role == "app"
    verifier = plan_access(empty_server(17, WANTED), WANTED).changes[0].payload
    assert verifier.clear_password is None and verifier.parts["password"].value == "secret of app"


@pytest.mark.parametrize(
    ("state", "wanted", "words"),
    [
        (empty_server(17, WANTED), only(dataclasses.replace(APP, password=None)), "role app has no password"),
        (converged(), only(dataclasses.replace(APP, password="")), "role app exists, but its password is missing"),
        (converged(), only(dataclasses.replace(APP, member_of=frozenset({"nothing"}))), "there is no role nothing"),
        (
            dataclasses.replace(converged(), grantable={"group": False}),
            only(dataclasses.replace(APP, member_of=frozenset({"group"}))),
            "may not grant",
        ),
        (dataclasses.replace(converged(), owner_exists=False), WANTED, "role owner does not exist"),
        (with_role(converged(), "app", connection_limit=1, may_alter=False), WANTED, "neither made role app nor has the ADMIN OPTION"),
        (with_role(converged(), "app", attributes={**ATTRIBUTES, "superuser": True}), WANTED, "role app is a superuser and owner is not"),
        (
            with_role(converged(), "app", memberships=(Membership("neon_superuser", False, "x"),)),
            WANTED,
            "a member of neon_superuser, and owner may not",
        ),
        (dataclasses.replace(empty_server(17, WANTED), may_manage_database=False), WANTED, "privileges on database shop"),
        (dataclasses.replace(empty_server(17, WANTED), may_manage_schema=False), WANTED, "privileges on schema public"),
        (dataclasses.replace(empty_server(17, WANTED), may_act_as_owner=False), WANTED, "privileges on the objects of owner"),
        (dataclasses.replace(empty_server(17, WANTED), schema_exists=False, may_create_schema=False), WANTED, "may not create it"),
        (with_role(converged(), "app", comment=Mark("production", MARK.server).text()), WANTED, "belongs to the environment production"),
        (
            with_role(converged(), "app", comment=Mark("production", "branch:br-2").text(), password="fits"),
            WANTED,
            "the same password as in the environment production",
        ),
    ],
)
def test_what_is_refused(state: AccessState, wanted: AccessWanted, words: str) -> None:
    with pytest.raises(InputError) as caught:
        plan_access(state, wanted)
    assert words in caught.value.message()


def test_a_role_that_needs_nothing_may_belong_to_anybody() -> None:
    assert plan_access(with_role(converged(), "app", may_alter=False), WANTED).changes == ()


def test_a_copied_role_gets_our_password_and_mark() -> None:
    copied = Mark("production", "branch:br-2").text()
    state = with_role(converged(), "app", comment=f"ours {copied}", password="differs")
    stranger = RoleState("stranger", dict(ATTRIBUTES), -1, comment=copied)
    state = dataclasses.replace(state, roles={**state.roles, "stranger": stranger})
    plan = plan_access(state, WANTED)
    assert [change.describe() for change in plan.changes] == [
        "alter role app: password",
        "mark role app as one of staging",
        "alter role stranger: nologin (copied from production)",
    ]
    assert plan.changes[1].payload.parts["text"].value == f"ours {MARK.text()}"
    assert plan.before["role stranger, login"] is True and plan.after["role stranger, login"] is False
    assert plan_access(carry_out(state, WANTED), WANTED).changes == ()


def test_the_same_environment_on_a_restored_branch_is_only_marked_anew() -> None:
    state = with_role(converged(), "app", comment=Mark("staging", "branch:br-old").text(), password="fits")
    assert [change.describe() for change in plan_access(state, WANTED).changes] == ["mark role app as one of staging"]


def with_table(columns: t.Iterable[tuple[str, str, str, bool]] = (), grants: t.Iterable[tuple[str, str, bool]] = ()) -> AccessState:
    """The converged server with one table, on which somebody has granted more."""
    declared = frozenset(("app", name, False) for name in APP.privilege_set.table) | {("reader", "SELECT", False)}
    table = ObjectState("table", Identifier("public", "t"), "owner", declared | frozenset(grants), frozenset(columns))
    return dataclasses.replace(converged(), objects=(table,))


def with_global(kind: str, *grants: tuple[str, str, bool]) -> AccessState:
    return dataclasses.replace(converged(), global_default_grants={kind: frozenset(grants)})


def with_defaults(kind: str, *grants: tuple[str, str, bool]) -> AccessState:
    state = converged()
    return dataclasses.replace(state, default_grants={**state.default_grants, kind: state.default_grants[kind] | frozenset(grants)})


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        # Privileges on columns: not declared, declared on the whole table anyway, and with the right to pass them on.
        (with_table([("b", "reader", "UPDATE", False), ("c", "reader", "UPDATE", False)]), ["revoke UPDATE on table t from reader"]),
        (with_table([("b", "watcher", "SELECT", True)]), ["revoke SELECT on table t from watcher"]),
        (with_table([("b", PUBLIC, "SELECT", False)]), ["revoke SELECT on table t from PUBLIC"]),
        (with_table([("b", "reader", "SELECT", False), ("b", "app", "UPDATE", False)]), []),
        (with_table([("b", "reader", "SELECT", True)]), ["revoke grant option for SELECT on table t from reader"]),
        (with_table([("b", "stranger", "UPDATE", True)]), []),
        # PUBLIC
        (with_table(grants=[(PUBLIC, "SELECT", False), (PUBLIC, "INSERT", False)]), ["revoke INSERT, SELECT on table t from PUBLIC"]),
        (with_defaults("table", (PUBLIC, "SELECT", False)), ["revoke SELECT on future tables of owner from PUBLIC"]),
        (with_defaults("sequence", (PUBLIC, "USAGE", False)), ["revoke USAGE on future sequences of owner from PUBLIC"]),
        (with_defaults("routine", (PUBLIC, "EXECUTE", False)), []),
        # Default privileges for all schemas
        (with_global("table", ("watcher", "SELECT", True)), ["revoke SELECT on future tables of owner in every schema from watcher"]),
        (with_global("table", ("app", "SELECT", False)), ["revoke SELECT on future tables of owner in every schema from app"]),
        (with_global("sequence", (PUBLIC, "USAGE", False)), ["revoke USAGE on future sequences of owner in every schema from PUBLIC"]),
        (with_global("routine", (PUBLIC, "EXECUTE", False), ("owner", "EXECUTE", False)), []),
        (with_global("routine", ("reader", "EXECUTE", False)), ["revoke EXECUTE on future routines of owner in every schema from reader"]),
        (with_global("schema", ("reader", "CREATE", False), (PUBLIC, "USAGE", False)), ["revoke CREATE on future schemas of owner from reader"]),
    ],
)
def test_privileges_beyond_the_declared_ones_are_found_wherever_they_stand(state: AccessState, steps: list[str]) -> None:
    plan = plan_access(state, WANTED)
    assert [change.describe() for change in plan.changes] == steps
    assert (plan.before == plan.after) is (not steps), "the diff shows what the plan changes, and nothing else"
    assert plan_access(carry_out(state, WANTED), WANTED).changes == ()


def test_the_diff_names_columns_public_and_all_schemas() -> None:
    state = with_table([("b", "reader", "UPDATE", False), ("b", "reader", "SELECT", True)], [(PUBLIC, "SELECT", False)])
    state = dataclasses.replace(state, global_default_grants={"table": frozenset({("watcher", "SELECT", False), (PUBLIC, "INSERT", False)})})
    plan = plan_access(state, WANTED)
    assert plan.before["role reader, privileges, tables"] == "SELECT, SELECT (b) WITH GRANT OPTION, UPDATE (b)"
    assert plan.before["PUBLIC, privileges, tables"] == "SELECT" and plan.before["PUBLIC, privileges, future_in_every_schema, tables"] == "INSERT"
    assert plan.before["role watcher, privileges, future_in_every_schema, tables"] == "SELECT"
    assert plan.after["role reader, privileges, tables"] == "SELECT" and plan.after["PUBLIC, privileges, tables"] == "(none)"
    statements = {change.describe(): change.payload.template for change in plan.changes}
    assert statements["revoke SELECT on future tables of owner in every schema from watcher"] == (
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE {privileges} ON {kind} FROM {role}"
    )


def test_default_privileges_of_an_owner_that_we_are_not_cannot_be_revoked() -> None:
    with pytest.raises(InputError, match="owner may not change the privileges on the future objects of owner"):
        plan_access(dataclasses.replace(with_global("table", ("app", "SELECT", False)), may_act_as_owner=False), WANTED)


PRIVILEGES = {
    "database": ["CONNECT", "CREATE", "TEMPORARY"],
    "schema": ["USAGE", "CREATE"],
    "table": ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
    "column": ["SELECT", "INSERT", "UPDATE", "REFERENCES"],
    "sequence": ["USAGE", "SELECT", "UPDATE"],
    "routine": ["EXECUTE"],
}
ROLE_NAMES = ["app", "reader", "watcher", PUBLIC]


def grants(kind: str, names: list[str] = ROLE_NAMES) -> st.SearchStrategy[frozenset[t.Any]]:
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(PRIVILEGES[kind]))
    return st.dictionaries(pairs, st.booleans(), max_size=12).map(
        lambda found: frozenset((who, what, option and who != PUBLIC) for (who, what), option in found.items())
    )


@st.composite
def servers(draw: st.DrawFn) -> AccessState:
    roles = {}
    for name in draw(st.sets(st.sampled_from(["app", "reader", "watcher"]))):
        roles[name] = RoleState(
            name,
            {attribute: draw(st.booleans()) for attribute in ATTRIBUTES},
            draw(st.integers(-1, 30)),
            expires=draw(st.booleans()),
            memberships=tuple(
                draw(
                    st.lists(
                        st.builds(Membership, st.sampled_from(["pg_monitor", "g1", "g2"]), st.booleans(), st.sampled_from(["a", "b"])),
                        unique_by=lambda m: (m.role, m.grantor),
                        max_size=4,
                    )
                )
            ),
            comment=draw(st.sampled_from([None, "words", MARK.text(), Mark("production", "branch:br-9").text()])),
            password=draw(st.sampled_from(["differs", "unknown"])),
        )
    objects = []
    for number in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["table", "sequence", "routine"]))
        part = Routine("public", f"o{number}", "integer") if kind == "routine" else Identifier("public", f"o{number}")
        columns = draw(grants("column")) if kind == "table" else frozenset()
        column_grants = frozenset((draw(st.sampled_from(["a", "b"])), *grant) for grant in sorted(columns))
        objects.append(ObjectState(kind, part, draw(st.sampled_from(["owner", "other"])), draw(grants(kind)), column_grants))
    return AccessState(
        draw(st.integers(16, 18)),
        "owner",
        login_superuser=True,
        database_owner="owner",
        database_grants=draw(grants("database")),
        schema_grants=draw(grants("schema")),
        objects=tuple(objects),
        default_grants={kind: draw(grants(kind)) for kind in ("table", "sequence", "routine")},
        global_default_grants={kind: draw(grants(kind)) for kind in ("table", "sequence", "routine", "schema")},
        roles=roles,
        grantable={"pg_monitor": True, "g1": True, "g2": True},
    )


@given(servers())
def test_whatever_the_server_has_one_run_is_enough(state: AccessState) -> None:
    after = carry_out(state, WANTED)
    plan = plan_access(after, WANTED)
    assert plan.changes == (), [change.describe() for change in plan.changes]
    assert plan.before == plan.after == plan_access(state, WANTED).after
    for role in after.roles.values():
        assert not any(role.attributes[name] for name in ("superuser", "createdb", "createrole", "replication", "bypassrls"))
    untouched = [item for item in state.objects if item.owner == "other"]
    assert [item for item in after.objects if item.owner == "other"] == untouched


@given(servers())
def test_a_change_shows_in_the_diff_and_only_then(state: AccessState) -> None:
    plan = plan_access(state, WANTED)
    if plan.before != plan.after:
        assert plan.changes
    if not plan.changes:
        assert plan.before == plan.after


def test_a_password_that_was_not_tried_is_predicted_to_be_set_and_named() -> None:
    wanted = only(APP)
    plan = plan_access(with_role(converged(wanted), "app", comment=MARK.text(), password="unknown"), wanted)
    assert [change.describe() for change in plan.changes] == ["alter role app: password"]
    assert plan.before["role app, password"] == "(not known)"
    assert [text for text in plan.warnings if "whether role app has the declared password is not tried" in text]


def test_a_copied_password_needs_no_trial() -> None:
    wanted = only(APP)
    copied = Mark("production", "branch:br-2").text()
    plans = [plan_access(with_role(converged(wanted), "app", comment=copied, password=word), wanted) for word in ("unknown", "differs")]
    assert [plan.before for plan in plans] == [plans[0].before] * 2 and [plan.after for plan in plans] == [plans[0].after] * 2
    assert [[change.describe() for change in plan.changes] for plan in plans] == [
        ["alter role app: password", "mark role app as one of staging"],
    ] * 2
    assert plans[0].warnings == plans[1].warnings == ()


def test_a_copy_that_is_handed_over_belongs_to_the_user_of_the_run() -> None:
    original = dataclasses.replace(converged(), login_user="their_owner", owner_exists=False, may_act_as_owner=False)
    copy = hand_over(original, WANTED, "owner")
    assert (copy.login_user, copy.owner_exists, copy.may_act_as_owner) == ("owner", True, True)
    assert plan_access(copy, WANTED).changes == ()
    other = dataclasses.replace(WANTED, owner="third")
    assert (hand_over(original, other, "owner").owner_exists, hand_over(original, other, "owner").may_act_as_owner) == (False, False)
    assert hand_over(converged(), WANTED, "owner") == converged()
