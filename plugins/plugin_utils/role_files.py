# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what roles say about themselves: argument specs, defaults, and the facts that their tasks set."""

from __future__ import annotations

import importlib
import os
import typing as t

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._preflight.specs import RoleSpec

OWN_COLLECTION = "dbinfra.postgres"
_EXTENSIONS = (".yml", ".yaml")
_SET_FACT = ("ansible.builtin.set_fact", "set_fact")
_BLOCKS = ("block", "rescue", "always")


def roles_folder(collection: str) -> str:
    """Return the folder of a collection's roles.

    :param collection: ``namespace.name``.
    :raises InputError: if the collection is not installed.
    """
    try:
        package = importlib.import_module(f"ansible_collections.{collection}")
    except ImportError as error:
        raise InputError(
            f"the collection {collection} is not installed",
            where="option roles of preflight",
            remedy=f"ansible-galaxy collection install {collection}",
        ) from error
    return os.path.join(next(iter(package.__path__)), "roles")


def own_roles() -> list[str]:
    """Return the names of all roles of this collection."""
    folder = roles_folder(OWN_COLLECTION)
    return sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name, "tasks")))


def role_path(role: str) -> str:
    """Return a role's folder.

    :param role: a name of this collection, or ``namespace.name.role``.
    :raises InputError: if there is no such role.
    """
    collection, _dot, name = role.rpartition(".")
    folder = os.path.join(roles_folder(collection or OWN_COLLECTION), name)
    if not name or not os.path.isdir(folder):
        raise InputError(f"there is no role {role}", where="option roles of preflight", remedy="Correct the name of the role")
    return folder


def load_defaults(path: str, loader: DataLoader) -> dict[str, t.Any]:
    """Return a role's raw defaults, as trusted templates."""
    defaults: dict[str, t.Any] = {}
    for file in _files(path, "defaults"):
        defaults.update(_load(file, loader, trusted=True) or {})
    return defaults


def load_spec(role: str, path: str, loader: DataLoader, entry_points: t.Sequence[str] = ("main",)) -> RoleSpec:
    """Return what a role's meta/argument_specs.yml says about some of its entry points, and the facts that its tasks set.

    :raises InputError: if the role has no argument specs, or files that cannot be read.
    """
    options: dict[str, t.Any] = {}
    found = False
    for file in _files(path, "meta", "argument_specs"):
        found = True
        specs = to_plain(_load(file, loader) or {}).get("argument_specs") or {}
        for entry_point in entry_points or specs:
            options.update((specs.get(entry_point) or {}).get("options") or {})
    if not found:
        raise InputError(
            f"the role {role} has no meta/argument_specs.yml", where="option roles of preflight", remedy="Add one, or leave the role out"
        )
    provides = {fact for file in _files(path, "tasks", None) for fact in _facts(to_plain(_load(file, loader) or []))}
    return RoleSpec(role, options, frozenset(provides))


def _files(path: str, folder: str, name: str | None = "main") -> list[str]:
    """Return the YAML files ``folder/name.yml`` and below ``folder/name/``; all below ``folder`` when ``name`` is None."""
    base = os.path.join(path, folder)
    if name is not None:
        single = [os.path.join(base, name + extension) for extension in _EXTENSIONS if os.path.isfile(os.path.join(base, name + extension))]
        base = os.path.join(base, name)
    else:
        single = []
    for parent, _folders, files in os.walk(base):
        single.extend(os.path.join(parent, file) for file in sorted(files) if file.endswith(_EXTENSIONS))
    return single


def _load(file: str, loader: DataLoader, trusted: bool = False) -> t.Any:
    try:
        return loader.load_from_file(file, trusted_as_template=trusted)
    except AnsibleError as error:
        raise InputError(
            f"{file} cannot be read: {str(error).splitlines()[0]}", where="option roles of preflight", remedy="Correct the file"
        ) from error


def _facts(tasks: t.Any) -> t.Iterator[str]:
    for task in tasks if isinstance(tasks, list) else ():
        if not isinstance(task, dict):
            continue
        for action in _SET_FACT:
            arguments = task.get(action)
            if isinstance(arguments, dict):
                yield from (name for name in arguments if name != "cacheable")
        for block in _BLOCKS:
            yield from _facts(task.get(block))
