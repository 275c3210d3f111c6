# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin ``dbinfra.postgres.neon``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: neon
short_description: The branches of Neon projects as hosts
description:
  - Every branch becomes a host with what is known of it and how it is reached, without a password.
  - The hosts are reached by no login of their own. What an API or a SQL connection does for a branch runs on the control node, with the
    interpreter that C(ansible-playbook) itself runs on; so modules of this collection and of C(community.postgresql) work as they are.
  - The file of this inventory must be called C(neon.yml) or C(neon.yaml), or end so.
  - One request lists the projects, and two requests for each project list its branches and its computes, however many they are; a further
    request is made for a further page only (400 projects, 1000 branches).
  - The hosts are in the group C(neon), in C(neon_project_<name>), C(neon_environment_<name>) and C(neon_parent_<name of the parent>), and where
    it holds in C(neon_protected) and C(neon_default). What could not stand in a group's name becomes an underscore. Projects whose
    names look the same then are told apart by their ids.
  - A branch's environment is its annotation C(environment), or else its name.
  - Neither host variables nor the cache hold a password or the API key.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
requirements:
  - requests
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Says that this file is for this plugin.
    type: str
    required: true
    choices: [dbinfra.postgres.neon]
  projects:
    description:
      - The projects, by exact name or id. A name that is not found or that fits more than one project is an error, and so is an empty one.
      - Without it, all projects that the key can see.
    type: list
    elements: str
    default: []
  org_id:
    description: The organization. A personal key needs it for projects of an organization.
    type: str
  branches:
    description:
      - The branches that become hosts, by exact name or by a shell-like pattern such as V(preview-*). Without it, all.
      - A name without wildcards that no project has is an error, and so is an empty one.
    type: list
    elements: str
    default: []
  require_endpoint:
    description: Leave out branches that have no read-write compute, which nobody can connect to.
    type: bool
    default: false
  hostnames:
    description:
      - Jinja2 expressions over the host's variables, without braces. The first one that gives a text which is not empty is the host's name.
      - Without it (and if no expression gives one), a host is called like its branch if O(projects) names exactly one project, and like
        project and branch with a hyphen in between otherwise. What separates host patterns or paths becomes a hyphen. If two names are the same
        then, the id of the branch is appended; a branch whose own name needs no change keeps it. The id is also appended to a name that Ansible
        or a group of this plugin has, such as C(all) or C(neon_protected), and to that of a group of O(groups).
      - Two hosts with the same name are an error, and so is a host with the name of a group, also of one that O(keyed_groups) makes, or one that an
        expression gives a name of the latter kind.
    type: list
    elements: str
    default: []
  login_user:
    description: The role that C(neon_connection.login_user) names.
    type: str
  login_db:
    description: The database that C(neon_connection.login_db) names.
    type: str
  login_port:
    description: The port of the connections. Neon's is always 5432; that of a local Neon is another one, and no list of its API names it.
    type: int
    default: 5432
  ssl_mode:
    description: How connections check the server, passed on as C(neon_connection.ssl_mode).
    type: str
    choices: [verify-full, verify-ca, require]
    default: verify-full
  ca_file:
    description:
      - File with the CA certificates that connections trust, passed on as C(neon_connection.ca_cert). It must exist.
      - The default is the CA file of the system.
    type: path
    env:
      - name: PGSSLROOTCERT
  on_partial_list:
    description:
      - What happens if Neon says that it cannot show all projects at the moment, and O(projects) is empty.
      - With V(warn), the hosts of the others are used, a warning names the projects that are missing, and nothing is cached.
      - A project that O(projects) names is never left out. If it is named by its id, the others do not matter.
    type: str
    choices: [fail, warn]
    default: fail
  api_host:
    description: Base address of the Neon API, with its path. Plain C(http) is accepted for loopback addresses only.
    type: str
    default: https://console.neon.tech/api/v2
    env:
      - name: NEON_API_HOST
  api_key:
    description:
      - The API key. It is not needed as long as the cache answers.
      - Leave it to the environment, or let a look-up or a vaulted value give it.
    type: str
    env:
      - name: NEON_API_KEY
  timeout:
    description: Seconds that all requests together may take, retries included.
    type: int
    default: 300
notes:
  - Options that are texts may be templates, for example a look-up.
  - |
    The variables of a host are C(neon_project) (C(id), C(name), C(region_id), C(pg_version), C(org_id)); C(neon_branch) (C(id), C(name),
    C(state), C(default), C(protected), C(parent_id), C(parent), C(environment), C(init_source), C(created_at), C(updated_at),
    C(expires_at), C(annotations)); C(neon_endpoint), the read-write compute (C(id), C(type), C(state), C(host), C(pooled_host),
    C(min_cu), C(max_cu), C(suspend_timeout_seconds)), or null; C(neon_read_replicas), a list of such; and C(neon_connection), or null without
    a read-write compute, in the shape that the option C(login) of the C(pg_*) modules takes.
  - |
    The cache is kept by the path of this file and used as long as O(api_host), O(org_id) and O(projects) stay the same. It does not
    tell keys apart - after a change from one key to another, run once with C(--flush-cache).
seealso:
  - plugin: dbinfra.postgres.neon_password
    plugin_type: lookup
  - module: dbinfra.postgres.neon_branch
"""

EXAMPLES = r"""
# neon.yml: all branches of one project
plugin: dbinfra.postgres.neon
projects: [shop]
login_user: shop_owner
login_db: shop

---
# neon.yml: previews with a compute, grouped by who made them; kept for a minute
plugin: dbinfra.postgres.neon
projects: [quiet-sun-12345678]
branches: ["preview-*"]
require_endpoint: true
strict: true
compose:
  is_ours: neon_branch.annotations.managed_by | default('') == 'dbinfra.postgres'
groups:
  expiring: neon_branch.expires_at is not none
keyed_groups:
  - key: neon_branch.annotations.pull_request | default('')
    prefix: pr
    default_value: none
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
cache_timeout: 60

---
# A play over these hosts. No password is in the inventory: a look-up hands it to an option that is no_log.
- name: Ask every branch something
  hosts: neon
  gather_facts: false
  tasks:
    - name: Count the orders
      community.postgresql.postgresql_query:
        login_host: "{{ neon_connection.login_host }}"
        login_port: "{{ neon_connection.login_port }}"
        login_user: "{{ neon_connection.login_user }}"
        login_db: "{{ neon_connection.login_db }}"
        login_password: "{{ lookup('dbinfra.postgres.neon_password', neon_connection.login_user,
                                   project_id=neon_project.id, branch_id=neon_branch.id) }}"
        ssl_mode: "{{ neon_connection.ssl_mode }}"
        ca_cert: "{{ neon_connection.ca_cert }}"
        query: SELECT count(*) FROM orders

    - name: Look at the application's role
      dbinfra.postgres.pg_access_info:
        login: "{{ neon_connection }}"
        environment: "{{ neon_branch.environment }}"
        roles: [shop_app]
        login_password: "{{ lookup('dbinfra.postgres.neon_password', neon_connection.login_user,
                                   project_id=neon_project.id, branch_id=neon_branch.id) }}"
"""

import re
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.template import trust_as_template

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import AmbiguousError, DbinfraError, InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.account import read_projects
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch_hosts import BranchHost, Login, checked_entries, hosts_of, is_reserved
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.client import open_client
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.connection import ca_certificate
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.ids import given_ids

_FILE_ENDINGS: t.Final = ("neon.yml", "neon.yaml")
# A cache with another number was written by another version of this collection.
_CACHE_FORMAT: t.Final = 1
# Texts that could be no template and, without brackets, quotes and filters, no harmful expression either.
_HARMLESS: t.Final = re.compile(r"[\w.:/+@-]*")
_HERE: t.Final = {
    "ansible_connection": "local",
    "ansible_python_interpreter": trust_as_template("{{ ansible_playbook_python }}"),
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Lists branches; every failure is one clear message."""

    NAME = "dbinfra.postgres.neon"

    @staticmethod
    def _sanitize_group_name(name: str) -> str:
        return to_safe_group_name(name, force=True, silent=True)

    def verify_file(self, path: str) -> bool:
        """Tell whether the file is meant for this plugin, by its name."""
        return super().verify_file(path) and path.endswith(_FILE_ENDINGS)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the hosts to the inventory.

        :param cache: false if the cache is to be read anew.
        :raises AnsibleParserError: with the collection's error text.
        """
        super().parse(inventory, loader, path, cache)
        declared = self._read_config_data(path)
        try:
            for name in (*_LISTS, "hostnames"):
                if name in declared and declared[name] is None:
                    raise InputError("it has no value", where=f"option {name}", why="Everything would count", remedy="Remove it, or give it a value")
            checked_entries("hostnames", to_plain(self.get_option("hostnames")))
            options = {name: self._plain(name) for name in _OPTIONS}
            login = Login(
                port=options["login_port"],
                user=options["login_user"],
                database=options["login_db"],
                ssl_mode=options["ssl_mode"],
                ca_cert=ca_certificate(options["ca_file"], ssl_mode=options["ssl_mode"]),
            )
            hosts = hosts_of(
                self._projects(path, options, cache),
                options["branches"],
                prefixed=len(options["projects"]) != 1,
                require_endpoint=options["require_endpoint"],
                login=login,
                taken=self._declared_groups(),
            )
            self._add(hosts)
        except DbinfraError as error:
            raise AnsibleParserError(f"dbinfra.postgres.neon: {error.message()}") from None

    def _plain(self, name: str) -> t.Any:
        """Return an option as a plain value, with the templates in it resolved."""
        try:
            value = to_plain(self.templar.template(self.get_option(name)))
        except (AnsibleError, TypeError) as error:
            raise AnsibleParserError(f"dbinfra.postgres.neon: option {name}: it cannot be read: {error}") from error
        if name in _LISTS:
            return checked_entries(name, value or [])
        # A template gives a number where a text looks like one.
        return value if value is None or name in _NO_TEXTS else str(value)

    def _projects(self, path: str, options: dict[str, t.Any], cache: bool) -> list[dict[str, t.Any]]:
        """Return the facts of the projects, from the cache if it is to be used and has them."""
        scope = {"format": _CACHE_FORMAT, **{name: options[name] for name in ("api_host", "org_id", "projects")}}
        key, caching = self.get_cache_key(path), bool(self.get_option("cache"))
        if caching and cache:
            known = to_plain(self._cache.get(key))
            if isinstance(known, dict) and known.get("scope") == scope:
                return known["projects"]
        client = open_client(options["api_host"], options["api_key"], options["timeout"], given=given_ids(options))
        projects, missing = read_projects(client, options["projects"], options["org_id"] or None, partial=options["on_partial_list"] == "warn")
        if missing:
            self.display.warning(
                f"dbinfra.postgres.neon: this inventory is not complete. Neon cannot show the projects {', '.join(missing)} at the moment, "
                "their branches are missing. Run again later"
            )
        elif caching:
            self._cache[key] = {"scope": scope, "projects": projects}
        return projects

    def _add(self, hosts: t.Sequence[BranchHost]) -> None:
        strict = self.get_option("strict")
        owners: dict[str, str] = {}
        declared = self._declared_groups()
        for host in hosts:
            variables = {**_marked(host.variables), **_HERE}
            name, branch_id = self._name(host, strict), host.variables["neon_branch"]["id"]
            if name in owners:
                raise AmbiguousError(
                    f"two branches would be the host {name!r}: {owners[name]} and {branch_id}",
                    where="option hostnames",
                    remedy="Let an expression give different names, for example neon_branch.id",
                )
            if is_reserved(name) or name in declared or name in self.inventory.groups:
                raise InputError(
                    f"branch {branch_id} would be the host {name!r}, and {'this name is reserved' if is_reserved(name) else 'a group has this name'}",
                    where="option hostnames",
                    why="Ansible would take the group for the host, and put that into other groups",
                    remedy="Let an expression give another name, for example neon_branch.id",
                )
            owners[name] = branch_id
            self.inventory.add_host(name)
            for key, value in variables.items():
                self.inventory.set_variable(name, key, value)
            for group in host.groups:
                self.inventory.add_child(self.inventory.add_group(group), name)
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
        # Ansible itself would say no more than that there are both.
        both = sorted(owners.keys() & self.inventory.groups.keys())
        if both:
            raise InputError(
                f"the host {both[0]!r}, branch {owners[both[0]]}, is called like a group",
                where="option keyed_groups",
                why="Whoever names one of them in a play would reach the other",
                remedy="Give the groups a prefix and a separator that no branch's name has, or let an expression of hostnames give another name",
            )

    def _declared_groups(self) -> frozenset[str]:
        """Return the names of the groups that the option ``groups`` makes."""
        groups = self.get_option("groups")
        return frozenset(self._sanitize_group_name(str(name)) for name in groups) if isinstance(groups, dict) else frozenset()

    def _name(self, host: BranchHost, strict: bool) -> str:
        for expression in self.get_option("hostnames"):
            try:
                name = to_plain(self._compose(expression, host.variables))
            except AnsibleError as error:
                if strict:
                    raise AnsibleParserError(f"dbinfra.postgres.neon: option hostnames: {expression}, for branch {host.name}: {error}") from error
                continue
            if isinstance(name, str) and name:
                return name
        return host.name


def _marked(value: t.Any) -> t.Any:
    """Return a host variable with its harmless texts marked as trusted, so that ``ansible-inventory --list``, and AWX with it, shows them as they are.

    Others stay what they are: texts that somebody else wrote, which Ansible never takes for a template.
    """
    if isinstance(value, dict):
        return {key: _marked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) and _HARMLESS.fullmatch(value) else value


_LISTS: t.Final = ("branches", "projects")
_NO_TEXTS: t.Final = ("login_port", "require_endpoint", "timeout")
_TEXTS: t.Final = ("api_host", "api_key", "ca_file", "login_db", "login_user", "on_partial_list", "org_id", "ssl_mode")
_OPTIONS: t.Final = (*_LISTS, *_NO_TEXTS, *_TEXTS)
