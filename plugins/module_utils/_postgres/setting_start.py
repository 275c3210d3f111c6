# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server would start with what is declared, together with what is configured already. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import DbinfraError, InputError
from .setting_effect import Effect, effects, running_effect
from .setting_model import SettingState, Step
from .setting_start_rules import START_RULES, StartRule

#: The files that a server reads when it starts, by the parameter that names them; those of TLS only with ssl on.
TLS_FILES: t.Final = ("ssl_cert_file", "ssl_key_file", "ssl_ca_file", "ssl_crl_file")
#: Those of which the contents are looked into.
TLS_CONTENTS: t.Final = TLS_FILES[:3]
_FILES: t.Final = (*TLS_FILES, "hba_file", "shared_preload_libraries")


@dataclasses.dataclass(frozen=True)
class StartProblem:
    """A rule that the server to be does not keep.

    :param changes: whether a declared change takes part in it; else it was there before.
    :param refuses: whether the server refuses for certain.
    """

    error: DbinfraError
    changes: bool
    refuses: bool


def start_problems(state: SettingState, steps: t.Sequence[Step], *, every: bool = False) -> list[StartProblem]:
    """Return the rules that are broken and that a declared setting of the whole server takes part in.

    :param every: also those that no declared setting takes part in: the server is about to be restarted.
    """
    declared = {step.parameter.name.lower(): step for step in steps if step.wanted.scope.is_system}
    found: list[StartProblem] = []
    for rule in START_RULES:
        major = state.catalogue.major
        if not rule.first <= major <= rule.last or not (every or any(name in declared for name in rule.names)):
            continue
        problem = _problem(state, steps, rule, declared) or _at_once(state, rule, declared)
        if problem:
            found.append(problem)
    return found


def files_to_find(state: SettingState, steps: t.Sequence[Step], *, every: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the files that declared changes make the server read at its next start, by the parameter that names them.

    Libraries are names: where the server finds them is a matter of its host. A path that is not absolute counts from the folder in which the
    server is started, except for those of TLS.

    :param every: also what no declared change names: the server may be restarted.
    """
    changing = {step.parameter.name.lower() for step in steps if step.wanted.scope.is_system and step.differs}
    if every:
        changing |= {"ssl", *_FILES}
    if "dynamic_library_path" in changing:
        changing.add("shared_preload_libraries")
    if not changing & {"ssl", *_FILES}:
        return {}
    found = effects(state, steps, ("ssl", *_FILES))
    needed: dict[str, tuple[str, ...]] = {}
    for name in _FILES:
        effect = found.get(name)
        tls = name in TLS_FILES
        if effect is None or not effect.value or not (name in changing or (tls and "ssl" in changing)):
            continue
        if tls and ("ssl" not in found or found["ssl"].value != "on"):
            continue
        if name == "hba_file" and not str(effect.value).startswith("/"):
            continue
        needed[name] = effect.value if isinstance(effect.value, tuple) else (str(effect.value),)
    return needed


def tls_to_read(state: SettingState, steps: t.Sequence[Step], *, every: bool = False) -> dict[str, str]:
    """Return the files of TLS of which a server with the declared changes loads the contents, by the parameter that names them.

    :param every: also where no declared change has to do with them: the server is about to be restarted.
    """
    changing = {step.parameter.name.lower() for step in steps if step.wanted.scope.is_system and step.differs}
    found = effects(state, steps, ("ssl", *TLS_CONTENTS))
    if "ssl" not in found or found["ssl"].value != "on" or not (every or changing & {"ssl", "ssl_passphrase_command", *TLS_CONTENTS}):
        return {}
    return {name: str(found[name].value) for name in TLS_CONTENTS if name in found and found[name].value}


def certificate_to_present(state: SettingState, steps: t.Sequence[Step]) -> tuple[str, bool] | None:
    """Return the file with the certificate that a server is to present after a reload, and whether declared changes have to do with it.

    None if nothing declared has to do with TLS, nobody may look, or the key takes a passphrase, which may be asked for at the next start only.
    """
    names = {"ssl", *TLS_CONTENTS}
    declared = [step for step in steps if step.wanted.scope.is_system and step.parameter.name.lower() in names]
    found = effects(state, steps, ("ssl", "ssl_cert_file", "ssl_passphrase_command"))
    if not declared or not state.login_superuser or len(found) < 3 or found["ssl"].value != "on" or found["ssl_passphrase_command"].value:
        return None
    return str(found["ssl_cert_file"].value), any(step.differs for step in declared)


def _problem(state: SettingState, steps: t.Sequence[Step], rule: StartRule, declared: t.Mapping[str, Step]) -> StartProblem | None:
    found = effects(state, steps, rule.names)
    if not _judged(state, rule, found, declared) or not _broken(state, rule, found):
        return None
    blamed = _blamed(rule, found)
    error = _error(state, rule, found, f"{rule.verdict} {_listed(found, blamed)}", declared)
    return StartProblem(error, any(name in declared and declared[name].differs for name in rule.names), rule.refuses)


def _at_once(state: SettingState, rule: StartRule, declared: t.Mapping[str, Step]) -> StartProblem | None:
    """Return what ALTER SYSTEM itself refuses: the hook of a parameter looks at what is running, not at what else is written."""
    if not rule.by_hook:
        return None
    running = {name: effect for name in rule.names if (parameter := state.catalogue.get(name)) and (effect := running_effect(parameter))}
    for name in rule.names:
        step = declared.get(name)
        if step is None or step.value is None or not step.differs:
            continue
        found = {**running, **effects(state, [step], [name])}
        if _judged(state, rule, found, declared) and _broken(state, rule, found):
            blamed = _blamed(rule, found)
            error = _error(state, rule, found, f"ALTER SYSTEM would refuse {_listed(found, blamed)}", declared)
            return StartProblem(
                InputError(
                    error.what,
                    where=error.where,
                    why=f"{error.why}; it looks at what is running",
                    remedy=f"{rule.remedy}. What stands in the way has to be changed first, in a task of its own, and be in force",
                ),
                changes=True,
                refuses=True,
            )
    return None


def _judged(state: SettingState, rule: StartRule, found: t.Mapping[str, Effect], declared: t.Mapping[str, Step]) -> bool:
    """Return whether there is enough to judge by: a value for every parameter, and of a server that nobody has seen, two declared ones."""
    if any(name not in found for name in rule.names if name not in rule.optional or state.catalogue.get(name)):
        return False
    # What is configured on such a server is not known: two declared values that do not fit are wrong wherever they are.
    return state.seen or sum(name in declared for name in rule.names) > 1


def _broken(state: SettingState, rule: StartRule, found: t.Mapping[str, Effect]) -> bool:
    return rule.broken({name: effect.value for name, effect in found.items()}, state.kept)


def _blamed(rule: StartRule, found: t.Mapping[str, Effect]) -> tuple[str, ...]:
    if rule.blamed is None:
        return tuple(name for name in rule.names if name in found)
    return rule.blamed({name: effect.value for name, effect in found.items()})


def _listed(found: t.Mapping[str, Effect], names: t.Sequence[str]) -> str:
    return ", ".join(f"{name} = {found[name].text or repr('')} ({found[name].origin})" for name in names)


def _error(state: SettingState, rule: StartRule, found: t.Mapping[str, Effect], what: str, declared: t.Mapping[str, Step]) -> DbinfraError:
    kept = state.kept
    facts: dict[str, t.Any] = {name: effect.value if isinstance(effect.value, int) else effect.text for name, effect in found.items()}
    facts["logical_slot"] = next(iter(kept.logical_slots), "")
    facts["physical_slot"] = next(iter(kept.physical_slots), "")
    facts["slots"] = len(kept.logical_slots) + len(kept.physical_slots)
    facts["prepared"], facts["origins"] = kept.prepared, kept.origins
    missing = [path for name in rule.names for path in kept.missing.get(name, ())]
    # The server stops at the first.
    facts["first_missing"], facts["missing"] = next(iter(missing), ""), ", ".join(missing)
    facts.update({f"unfit_{name}": kept.unfit.get(name, "") for name in rule.names})
    where = next((name for name in rule.names if name in declared), None)
    return InputError(
        what,
        where=f"option settings, {where}" if where else "option settings",
        why=f"it says: {rule.says(state.catalogue.major).format(**facts).rstrip('.')} ({rule.source})",
        remedy=rule.remedy.format(**facts),
    )
