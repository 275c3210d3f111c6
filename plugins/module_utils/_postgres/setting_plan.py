# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of ``pg_setting``. Pure: no SQL driver, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.reconcile import Change, Plan
from .setting_catalogue import Parameter
from .setting_check import all_at_once, resolve
from .setting_force import require_loadable, require_taken
from .setting_memory import Memory, remembered, require_writable
from .setting_model import Scope, SettingState, SettingWanted, Step
from .setting_number import show_with_unit
from .setting_override import overrides
from .setting_restart import Restart
from .setting_secret import without_password
from .setting_start import start_problems
from .setting_statement import alter_statement
from .setting_value import configured_text
from .setting_waiting import waits
from .statement import Identifier, Literal, Statement

#: The payload of the last step after ALTER SYSTEM.
RELOAD = "reload"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*|[+-]?[0-9.]+[A-Za-z]*")


#: The payload of the last step of all where a restart is due.
RESTART = "restart"


@dataclasses.dataclass(frozen=True)
class HandedOver:
    """The payload of the step that hands settings of the whole server over to the provider's API, all at once.

    :param settings: the texts by name, None for what is taken away.
    """

    settings: t.Mapping[str, str | None]


def plan_settings(
    state: SettingState,
    wanted: t.Sequence[SettingWanted],
    restart: Restart | None = None,
    memory: Memory | None = None,
    *,
    reloaded: bool = False,
) -> Plan:
    """Plan the steps after which every declared setting is as declared, and the restart for those that wait for one.

    :param restart: None if none is allowed; outside the maintenance window there is a warning instead.
    :param memory: what is remembered of former runs, None if nothing is to be.
    :param reloaded: the server has just reloaded its configuration, so what it could take it has taken.
    :raises InputError: for a value, a scope or a right that the server would refuse, and for settings with which it would not start any more.
    :raises ServerError: for configuration files that the server would not read, or if it did not take what they say.
    :raises NotFoundError: for a database or role that does not exist.
    """
    steps = resolve(state, wanted)
    pending = [step for step in steps if step.differs]
    system = [step for step in pending if step.wanted.scope.is_system]
    # The whole server goes first: neither ALTER SYSTEM nor a provider's API runs in a transaction. The rest shares one.
    if reloaded:
        require_taken(state, steps)
    else:
        require_loadable(state, steps)
    changes = _of_server(state, system, [step for step in steps if step.needs_reload])
    changes += [_change(step) for step in pending if not step.wanted.scope.is_system]
    warnings = state.warnings + _warnings(state, steps) + overrides(state, steps)
    if system and not state.backend.by_sql:
        warnings += (f"{state.backend.words} may restart the server for settings of the whole server; that ends every connection",)
    waiting = [step.parameter.name for step in steps if waits(state, step, predicted=True)]
    restarting = bool(restart and waiting and restart.open_now)
    warnings += _start(state, steps, restarting=restarting)
    # Whether a provider restarts the server for its settings is its own decision, so its lines do not say what is in force until then.
    by_sql = state.backend.by_sql
    before = "".join(_line(step, step.before, waits=by_sql and waits(state, step, predicted=False), behind=step.needs_reload) for step in steps)
    after = "".join(_line(step, step.after, waits=by_sql and not restarting and waits(state, step, predicted=True)) for step in steps)
    if memory is not None:
        have, want = memory.entries, remembered(steps)
        if have != want:
            require_writable(state, memory)
            text = memory.with_entries(want)
            parts = {"database": Identifier(memory.database), "text": Literal(text)}
            statement = Statement("COMMENT ON DATABASE {database} IS {text}", parts, f"remember what {memory.name} has set")
            changes.append(Change("remember", f"what {memory.name} has set", statement))
        before += "".join(_memory_line(memory, *key) for key in have if key not in want)
        after += "".join(_memory_line(memory, *key) for key in want if key not in have)
    if restarting:
        changes.append(Change("restart", f"the server for {', '.join(waiting)}", RESTART))
    elif restart and waiting:
        warnings += (f"{', '.join(waiting)}: the configured value waits for a restart, which is allowed on {restart.window.words}",)
    return Plan(tuple(changes), before, after, warnings)


def _start(state: SettingState, steps: t.Sequence[Step], *, restarting: bool) -> tuple[str, ...]:
    """Return warnings about the server's next start. What was wrong before and is not touched is one, unless that start is part of the plan.

    :raises InputError: if the server would not start any more.
    """
    problems = start_problems(state, steps, every=restarting)
    refused = [problem for problem in problems if problem.refuses and (problem.changes or restarting)]
    if refused:
        raise all_at_once([problem.error for problem in refused])
    return tuple(problem.error.message() for problem in problems) + state.kept.remarks


def _of_server(state: SettingState, system: t.Sequence[Step], behind: t.Sequence[Step]) -> list[Change]:
    """Return the steps for the whole server: a statement for each setting and one reload, or one handing over of them all.

    :param behind: what is configured already and needs nothing but the reload.
    """
    if behind and not system:
        return [Change("reload", f"the server's configuration for {', '.join(step.parameter.name for step in behind)}", RELOAD)]
    if not system:
        return []
    if state.backend.by_sql:
        return [*(_change(step) for step in system), Change("reload", "the server's configuration", RELOAD)]
    settings = {step.parameter.name: None if step.value is None else configured_text(step.parameter, step.value) for step in system}
    # The words of each setting, and the deed with the last of them.
    words = [dataclasses.replace(_change(step), payload=None) for step in system]
    return [*words, Change("hand over", f"the whole server's settings to {state.backend.words}", HandedOver(settings))]


def _line(step: Step, text: str | None, *, waits: bool, behind: bool = False) -> str:
    """Return a setting like a line of postgresql.conf, nothing for none. Each line says whose it is: a diff shows three lines around a change.

    :param waits: another value is in force until a restart, and is shown as well.
    :param behind: another value is in force until a reload.
    """
    parameter, scope = step.parameter, step.wanted.scope
    shown = None if text is None else conf_text(without_password(parameter.name, text))
    if not scope.is_system:
        return "" if shown is None else f"{parameter.name} = {shown}  # {scope.words}\n"
    note = ""
    if waits or behind or parameter.source == "command line":
        running = conf_text(without_password(parameter.name, show_with_unit(parameter.running or "", parameter.unit)))
        note = f"  # {running} is in force " + ("until a restart" if waits else "until a reload" if behind else "from the command line")
    if shown is not None:
        return f"{parameter.name} = {shown}{note}\n"
    # As a new server's postgresql.conf shows a default.
    return f"#{parameter.name} = {conf_text(show_with_unit(parameter.boot_val or '', parameter.unit))}{note}\n" if waits or behind else ""


def _memory_line(memory: Memory, scope: Scope, name: str) -> str:
    """Return what is remembered of a setting as a line of its own, a comment to postgresql.conf."""
    return f"# {memory.name} remembers {name} of {scope.words}\n"


def conf_text(text: str) -> str:
    """Return a value as it may stand in postgresql.conf: in quotes unless it is a plain word or number (guc-file.l)."""
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"


def _change(step: Step) -> Change:
    scope = step.wanted.scope
    statement = alter_statement(scope, step.parameter.name, step.value)
    if step.value is None:
        return Change("reset", f"{step.parameter.name} for {scope.words}", statement)
    shown = without_password(step.parameter.name, step.value.text)
    return Change("set", f"{step.parameter.name} = {shown} for {scope.words}", statement)


def _warnings(state: SettingState, steps: t.Sequence[Step]) -> tuple[str, ...]:
    texts: list[str] = []
    assumed = sorted({step.wanted.scope.role for step in steps if step.wanted.scope.role and step.wanted.scope.role not in state.roles})
    if assumed:
        texts.append(f"the roles {', '.join(assumed)} do not exist yet; this prediction takes it that an earlier task would make them")
    system = [step for step in steps if step.wanted.scope.is_system]
    if system and not state.file_readable:
        texts.append("the login user may not read pg_file_settings: running values stand for configured ones")
    if system and state.standby:
        texts.append("the server is a standby: system settings are written for this node only")
    for step in system:
        if step.parameter.source == "command line":
            texts.append(f"{step.parameter.name} is given on the server's command line: what is configured has no effect")
    return tuple(texts)


def surplus_facts(name: str, scope: Scope) -> dict[str, str]:
    """Return a setting that nobody declared for a task's result."""
    return {"name": name, "scope": scope.words}


def setting_facts(state: SettingState, step: Step, *, predicted: bool) -> dict[str, t.Any]:
    """Return one setting for a task's result.

    :param predicted: the step is still to be done: ``configured`` is the text to be, ``running`` the value now.
    """
    parameter = step.parameter
    system = step.wanted.scope.is_system
    return {
        "name": parameter.name,
        "scope": step.wanted.scope.words,
        "configured": _shown(parameter, step.after if predicted else step.before),
        "running": _shown(parameter, parameter.running) if system and parameter.of_server else None,
        "unit": parameter.unit,
        "context": None if parameter.custom else parameter.context,
        "source": parameter.source if system and not parameter.custom else None,
        "pending_restart": waits(state, step, predicted=predicted),
    }


def _shown(parameter: Parameter, text: str | None) -> str | None:
    return None if text is None else without_password(parameter.name, text)
