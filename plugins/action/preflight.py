# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action: the whole declaration is checked before anything is touched. See the module of the same name for the documentation."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError, AnsibleUndefinedVariable

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight import files, findings, pool_rules, rules, specs, spelling, tuning_rules
from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight.findings import Finding
from ansible_collections.dbinfra.postgres.plugins.plugin_utils import references, role_files
from ansible_collections.dbinfra.postgres.plugins.plugin_utils.action import DbinfraAction

#: Every public variable of this collection begins with one of these or with the name of one of its roles.
PREFIXES = ("db_",)


class ActionModule(DbinfraAction):
    """Collects findings from the argument specs, the rules and the spelling, and fails once with all of them."""

    SPEC = {
        "roles": {"type": "list", "elements": "str", "required": True},
        "environment_group": {"type": "str", "default": "environments"},
    }

    def work(self, params: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Check, and return what the operator should see."""
        environment, found = environment_findings(to_plain(task_vars.get("groups") or {}), params["environment_group"])
        if found:
            # Which values count is open until one environment is addressed: nothing else could be said with certainty.
            return _failed("The inventory does not address exactly one environment", found, [])
        declaration = self._read(params["roles"], task_vars)
        found = [*declaration.findings, *rules.judge(declaration.values, files.look(declaration.values)), *declaration.unread()]
        found = list(dict.fromkeys(found))
        errors = [item for item in found if not item.warning]
        warnings = [item.describe() for item in found if item.warning]
        if errors:
            count = f"{len(errors)} things are" if len(errors) > 1 else "1 thing is"
            return _failed(f"The declaration of {environment} cannot be carried out: {count} wrong with it", errors, warnings)
        result: dict[str, t.Any] = {
            "environment": environment,
            "findings": [],
            "later": sorted(declaration.late),
            **pool_rules.arithmetic(declaration.values),
            **tuning_rules.arithmetic(declaration.values),
        }
        return {**result, "warnings": warnings} if warnings else result

    def _read(self, roles: t.Sequence[str], task_vars: t.Mapping[str, t.Any]) -> Declaration:
        defaults: dict[str, t.Any] = {}
        enabled: list[specs.RoleSpec] = [specs.SHARED]
        for role in roles:
            path = role_files.role_path(role)
            defaults.update(role_files.load_defaults(path, self._loader))
            enabled.append(role_files.load_spec(role, path, self._loader))
        every = [role_files.load_spec(role, role_files.role_path(role), self._loader, entry_points=()) for role in role_files.own_roles()]
        variables = {**defaults, **task_vars}
        return Declaration(enabled, [*enabled, *every], variables, self._templar.copy_with_new_env(available_variables=variables), set(task_vars))


class Declaration:
    """The declared values of all enabled roles, as far as they are known before the run."""

    def __init__(
        self,
        enabled: t.Sequence[specs.RoleSpec],
        every: t.Sequence[specs.RoleSpec],
        variables: t.Mapping[str, t.Any],
        templar: t.Any,
        declared: t.Collection[str],
    ) -> None:
        self._variables = variables
        self._templar = templar
        self._every = every
        self._declared = declared
        self.values: dict[str, t.Any] = {}
        self.findings: list[Finding] = []
        names = {name for spec in enabled for name in spec.options}
        self._options = {name: option for spec in (*every, *enabled) for name, option in spec.options.items()}
        #: Variables whose value only the run brings about, and what they wait for.
        self.late = references.late_names(variables, sorted(names), {fact for spec in enabled for fact in spec.provides})
        reported: dict[str, list[Finding]] = {}
        self._failures: dict[str, Finding] = {}
        self._missing: dict[str, Finding] = {}
        for spec in enabled:
            for name, option in spec.options.items():
                if name not in self.late:
                    self._take(spec, name, option, reported)
        self.findings.extend(self._missing.values())
        for name, found in reported.items():
            # A value that is made of a missing one is wrong only because of it.
            if not references.depends_on(variables, name) & set(self._missing):
                self.findings.extend(found)
        self.findings.extend(self._root_failures())

    def _take(self, spec: specs.RoleSpec, name: str, option: t.Mapping[str, t.Any], reported: dict[str, list[Finding]]) -> None:
        if name not in self._variables:
            if option.get("default") is not None:
                self.values[name] = option["default"]
            elif option.get("required"):
                self._miss(name, option, spec.role, declared=False)
            return
        secret = specs.is_secret(option)
        source = self._source(name)
        try:
            value = to_plain(self._templar.template(self._variables[name]))
        except (AnsibleError, TypeError) as error:
            wanted = self._not_declared(name, error)
            for other in wanted:
                self._miss(other, self._options[other], spec.role, declared=False)
            if not wanted:
                problem = Finding(self._label(source), None, _template_problem(error, secret), "Correct its expression, or declare what it refers to")
                self._failures.setdefault(source, problem)
            return
        if value is None and option.get("required"):
            self._miss(source, self._options.get(source, option), spec.role, declared=True)
            return
        value, found = specs.validate(name, option, value, label=self._label(source))
        if not found:
            self.values[name] = value
        else:
            reported.setdefault(source, found)

    def _miss(self, name: str, option: t.Mapping[str, t.Any], role: str, *, declared: bool) -> None:
        """Say once that a variable is missing, however many roles get its value."""
        self._missing.setdefault(name, specs.missing(name, option, role, declared=declared))

    def _not_declared(self, name: str, error: Exception) -> list[str]:
        """Return the variable whose absence made an expression fail, if it is one that this collection knows; else the expression is wrong."""
        known = references.depends_on(self._variables, name) & set(self._options) - set(self._variables)
        undefined = _undefined(error)
        return sorted(other for other in known if undefined is not None and f"'{other}' is undefined" in _one_line(undefined))

    def _root_failures(self) -> list[Finding]:
        """Return the expressions that fail by themselves, not because of another one that fails."""
        roots: list[Finding] = []
        blamed: set[str] = set()
        for name, problem in self._failures.items():
            # In a loop of variables each depends on the other: the first one is named.
            depends = references.depends_on(self._variables, name) & set(self._failures) - {name}
            if not depends or (all(name in references.depends_on(self._variables, other) for other in depends) and not depends & blamed):
                roots.append(problem)
                blamed.add(name)
        return roots

    def _source(self, name: str) -> str:
        """Return the variable that the operator declared, where this one only passes it on."""
        seen = {name}
        while (other := references.alias_of(self._variables.get(name))) and other in self._variables and other not in seen:
            seen.add(other)
            name = other
        return name

    def _label(self, name: str) -> str:
        """Return what a variable is called in messages: the playbook sets some of a role's from its own, which is what the caller has written."""
        other = references.optional_alias_of(self._variables.get(name))
        return f"{other} (the role's {name})" if other in self._variables else name

    def unread(self) -> list[Finding]:
        """Return the declared variables that nothing reads."""
        known = {name for spec in self._every for name in (*spec.options, *spec.provides)}
        mentioned = [name for name in self._declared if name.startswith(("__", *self._prefixes()))]
        referenced = {other for name in (*mentioned, *known) if name in self._variables for other in references.references(self._variables[name])}
        return spelling.unread(mentioned, known | {name for name in mentioned if name.startswith("__")}, referenced, self._prefixes())

    def _prefixes(self) -> tuple[str, ...]:
        return (*PREFIXES, *(f"{spec.role.rpartition('.')[2]}_" for spec in self._every if spec is not specs.SHARED))


def environment_findings(groups: t.Mapping[str, t.Sequence[str]], group: str) -> tuple[str, list[Finding]]:
    """Return the one environment that the inventory addresses, and what is wrong if it is not one.

    Two inventories in one run give the hosts of both the last one's group_vars/all.

    :param groups: Ansible's ``groups``: the hosts of each group, whatever ``--limit`` says.
    """
    hosts = sorted(groups.get(group) or [])
    call = "Name one inventory: ansible-playbook site.yml -i inventories/staging (or inventories/production)"
    if not hosts:
        return "", [Finding(f"group {group}", None, "the inventory has no host in it, so no environment is addressed", call)]
    if len(hosts) > 1:
        reason = "one run is for one environment: of two inventories in one run, the last one's variables count for the hosts of both"
        return "", [Finding(f"group {group}", findings.shown(hosts), reason, call)]
    return hosts[0], []


def _failed(head: str, errors: t.Sequence[Finding], warnings: t.Sequence[str]) -> dict[str, t.Any]:
    shown = [{"variable": item.variable, "value": item.value, "reason": item.reason, "remedy": item.remedy} for item in errors]
    result: dict[str, t.Any] = {"failed": True, "msg": findings.message(head, errors), "findings": shown}
    return {**result, "warnings": list(warnings)} if warnings else result


def _template_problem(error: Exception, secret: bool) -> str:
    """Return what is wrong with an expression on one line. Errors of filters and look-ups may repeat a value."""
    causes, undefined = _causes(error), _undefined(error)
    if undefined is not None:
        return f"its expression cannot be evaluated: {_one_line(undefined)}"
    if secret:
        return f"its expression cannot be evaluated ({type(causes[-1]).__name__}; the details may repeat the secret and are not shown)"
    return f"its expression cannot be evaluated: {_one_line(causes[0])}"


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    return causes


def _undefined(error: BaseException) -> BaseException | None:
    return next((item for item in reversed(_causes(error)) if isinstance(item, AnsibleUndefinedVariable)), None)


def _one_line(error: BaseException) -> str:
    # AnsibleError's text may have the source's lines behind it.
    text = getattr(error, "message", None) or str(error)
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
