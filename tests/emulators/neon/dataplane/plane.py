# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data plane of the local Neon: clusters, computes and the proxy, under the names the API gives them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import logging
import pathlib
import resource
import typing as t

import psycopg2

from . import backup, certificates, client_hello, emptying, history, programs, roles, server_config, server_user, sql, template, trees, wal_position
from .base import Base
from .cluster import Cluster
from .compute import Compute
from .deviations import deviations
from .errors import DataPlaneError, UnknownBranchError, UnknownEndpointError
from .history import History
from .pooler import Pooler
from .proxy import POOLER_SUFFIX, SniProxy
from .replica import Replica
from .runtime_folder import RuntimeFolder
from .spec import ComputeSpec
from .sql import Address

LOG = logging.getLogger("emulators.neon.dataplane")

Wake = t.Callable[[str], t.Awaitable[None]]
Admit = t.Callable[[str, str], str | None]


@dataclasses.dataclass(frozen=True)
class Copied:
    """What a new branch holds: the source's LSN it begins at, the verifier of each role with a password, each database's owner."""

    lsn: str
    verifiers: dict[str, str]
    owners: dict[str, str]


class DataPlane:
    """Real PostgreSQL clusters behind one port. Used from one event loop; ``start`` first, ``stop`` at the end.

    ``runtime_dir`` is made by ``start`` and removed by ``stop``. ``postgres_home`` holds ``bin``, ``lib`` and ``share``. ``port`` is
    the proxy's, 0 for a free one. ``wake`` is awaited with an endpoint id when a client wants an endpoint whose compute does not run;
    it starts the compute, or raises; an exception whose ``status`` is 404 says that there is no such endpoint.
    ``admit`` gets an endpoint id and a client's address and returns why that client may not connect, or None.
    ``cache`` is a folder that outlives data planes, for what takes long to make anew; None for none.
    """

    def __init__(
        self,
        runtime_dir: pathlib.Path,
        postgres_home: pathlib.Path,
        *,
        port: int = 0,
        domain: str = "local.localhost",
        pgbouncer: pathlib.Path = pathlib.Path("/usr/sbin/pgbouncer"),
        wake: Wake | None = None,
        admit: Admit | None = None,
        cache: pathlib.Path | None = None,
    ) -> None:
        self.domain = domain
        self._folder = RuntimeFolder(pathlib.Path(runtime_dir).absolute())
        self._postgres_home = pathlib.Path(postgres_home).absolute()
        self._pgbouncer_path = pathlib.Path(pgbouncer)
        self._wanted_port = port
        self._wake = wake
        self._admit = admit
        self._cache = cache
        self._clusters: dict[str, Cluster] = {}
        self._computes: dict[str, Compute] = {}
        self._numbers = 0

    # --- life

    async def start(self) -> None:
        """Clean up what a killed data plane left, make the template, open the port. Raises DataPlaneError."""
        _raise_open_files_limit()
        self._user = server_user.find()
        await asyncio.to_thread(self._folder.open, self._user)
        try:
            root = self._folder.path
            self._certificates = await asyncio.to_thread(certificates.issue, root, self.domain, key_owner=self._user.owner)
            self._postgres = await programs.install_postgres(self._postgres_home, self._user, root / "postgres")
            self._pgbouncer = await programs.find_pgbouncer(self._pgbouncer_path, self._user)
            for name in ("b", "s", "p"):
                (root / name).mkdir(mode=0o711)
                (root / name).chmod(0o711)
            self._template = self._new_cluster("template", number=0)
            await template.make(self._template, self._postgres, self._user, self._cache)
            self._template_base = Base(self._template.data, permanent=True)
            self._proxy = SniProxy(self, self.domain, client_hello.server_context(self._certificates))
            await self._proxy.start(self._wanted_port)
        except BaseException:
            await self._end_servers()
            await asyncio.to_thread(self._folder.close)
            raise
        LOG.info("PostgreSQL %s, port %s, %s", self._postgres.major, self.port, self._folder.path)

    async def stop(self) -> None:
        """Drop all clients, end all servers, remove ``runtime_dir``. May be called when ``start`` failed or never ran."""
        if hasattr(self, "_proxy"):
            await self._proxy.stop()
        await self._end_servers()
        await asyncio.to_thread(self._folder.close)

    async def _end_servers(self) -> None:
        computes, self._computes = list(self._computes.values()), {}
        clusters, self._clusters = {*self._clusters.values(), *(compute.cluster for compute in computes)}, {}
        await asyncio.gather(*(compute.pooler.stop() for compute in computes))
        # Without a lock: whoever holds one waits for a server that ends now.
        await asyncio.gather(*(cluster.stop(immediate=True) for cluster in [*clusters, *([self._template] if hasattr(self, "_template") else [])]))

    # --- what clients need

    @property
    def port(self) -> int:
        """TCP port of 127.0.0.1 and ::1 for all endpoints, direct and pooled."""
        return self._proxy.port

    @property
    def ca_file(self) -> pathlib.Path:
        """PEM file of the authority that signed the servers' certificate."""
        return self._certificates.ca_file

    @property
    def pg_major(self) -> int:
        """Major version of the PostgreSQL servers."""
        return self._postgres.major

    @property
    def runtime_dir(self) -> pathlib.Path:
        """The folder all files of this data plane are in."""
        return self._folder.path

    def data_folder(self, branch_id: str) -> pathlib.Path:
        """Return the branch's data folder. Raises UnknownBranchError."""
        return self._cluster(branch_id).data

    def hosts(self, endpoint_id: str) -> tuple[str, str]:
        """Return the endpoint's host names, direct and pooled."""
        return f"{endpoint_id}.{self.domain}", f"{endpoint_id}{POOLER_SUFFIX}.{self.domain}"

    def deviations(self) -> dict[str, str]:
        """Return the known differences to Neon, by a short name."""
        return deviations(getattr(self, "_pgbouncer", None))

    # --- clusters

    async def create_cluster(self, branch_id: str, pg_version: int) -> None:
        """Make the cluster of a new project's root branch. Raises DataPlaneError for a major version that is not installed."""
        if pg_version != self.pg_major:
            raise DataPlaneError(f"PostgreSQL {pg_version} was asked for, and this local Neon has {self.pg_major}: it substitutes no other version")
        async with self._make(branch_id) as cluster, self._template.lock:
            await self._in_thread(f"making branch {branch_id}", self._copy_template, cluster)
            # Nobody ever writes to the template.
            cluster.base = self._template_base.share()
            cluster.standby_minimums = self._template.standby_minimums
            await history.begin(cluster)

    async def copy_cluster(
        self,
        source_branch_id: str,
        branch_id: str,
        *,
        schema_only: bool = False,
        at: datetime.datetime | None = None,
        lsn: str | None = None,
    ) -> Copied:
        """Make a branch: all that was committed in the source before this call, or with ``schema_only`` none of its rows.

        With ``at`` (aware, of the wall clock) all that was committed until that moment and nothing later; with ``lsn`` all that the
        source's WAL holds before that position. The source may run, be written to, or be stopped.
        """
        source = self._cluster(source_branch_id)
        async with self._make(branch_id) as cluster:
            try:
                found = await history.fill(source, cluster, history.Point(at, lsn), self._user, self.pg_major, with_history=not schema_only)
                copied = Copied(found, *await asyncio.to_thread(roles.catalog, cluster.address))
                if schema_only:
                    await self._in_thread(f"emptying branch {branch_id}", emptying.empty_cluster, cluster.address)
            except (psycopg2.Error, OSError) as error:
                raise DataPlaneError(f"copying branch {source_branch_id} to {branch_id} failed: {_first_line(error)}") from None
            finally:
                await cluster.stop()
            await history.begin(cluster)
        return copied

    async def history(self, branch_id: str) -> History:
        """Return what the branch's history holds. Wakes nothing."""
        cluster = self._cluster(branch_id)
        async with cluster.lock:
            try:
                return await history.describe(cluster)
            except (psycopg2.Error, OSError) as error:
                raise DataPlaneError(f"reading the history of branch {branch_id} failed: {_first_line(error)}") from None

    async def replace_cluster(self, branch_id: str, replacement_id: str, *, keep_as: str | None = None) -> None:
        """Give a branch the cluster made as ``replacement_id``; its own is then branch ``keep_as``, or removed. Its computes must not run."""
        old, new = self._cluster(branch_id), self._cluster(replacement_id)
        if keep_as is not None and keep_as in self._clusters:
            raise DataPlaneError(f"branch {keep_as} already has a cluster")
        async with old.lock, new.lock:
            if old.running or new.running:
                raise DataPlaneError(f"branch {branch_id}: its server runs; a cluster is replaced only while none does")
            del self._clusters[replacement_id]
            self._clusters[branch_id], new.branch_id = new, branch_id
            if keep_as is not None:
                self._clusters[keep_as], old.branch_id = old, keep_as
            # A killed compute of the old cluster would be started again on it.
            for endpoint_id in [key for key, compute in self._computes.items() if compute.primary is old]:
                await self._drop_compute(endpoint_id)
            if keep_as is None:
                await history.forget(old)

    async def drop_cluster(self, branch_id: str) -> None:
        """Stop the branch's computes and remove its data."""
        cluster = self._cluster(branch_id)
        async with cluster.lock:
            for endpoint_id in [key for key, compute in self._computes.items() if compute.primary is cluster]:
                await self._drop_compute(endpoint_id, immediate=True)
            await cluster.stop(immediate=True)
            del self._clusters[branch_id]
            await history.forget(cluster)

    async def logical_size(self, branch_id: str) -> int:
        """Return the size of the branch's databases in bytes. Wakes nothing."""
        data = self._cluster(branch_id).data
        return await asyncio.to_thread(trees.size_in_bytes, data / "base", data / "global")

    async def wal_position(self, branch_id: str) -> int | None:
        """Return how many bytes of WAL the branch's history has, None while its server starts or stops. Wakes nothing."""
        cluster = self._cluster(branch_id)
        return await asyncio.to_thread(wal_position.running, cluster.address) if cluster.running else wal_position.stopped(cluster.data)

    # --- computes

    async def start_compute(self, spec: ComputeSpec) -> None:
        """Start an endpoint's compute and wait until it accepts connections; nothing happens when it runs already."""
        cluster = self._cluster(spec.branch_id)
        async with cluster.lock:
            known = self._computes.get(spec.endpoint_id)
            if known is not None and known.running:
                return
            if known is not None:
                await known.stop()
            pooler = Pooler(self._folder.path / "p" / self._next_number(), self._pgbouncer, self._certificates, self._user)
            if spec.type == "read_only":
                self._computes[spec.endpoint_id] = await self._start_replica(spec, cluster, pooler)
                return
            if cluster.running:
                raise DataPlaneError(f"branch {spec.branch_id} already has a running read_write compute")
            compute = Compute(spec, cluster, pooler, self._certificates)
            await history.keep(cluster, self._user)
            await compute.start()
            self._computes[spec.endpoint_id] = compute
            for key, replica in list(self._computes.items()):
                if isinstance(replica, Replica) and replica.primary is cluster and replica.running and not replica.fits:
                    # The branch's compute is larger now: a standby that is too small would stop following it.
                    await replica.stop()
                    self._computes[key] = await self._start_replica(replica.spec, cluster, replica.pooler)

    async def _start_replica(self, spec: ComputeSpec, primary: Cluster, pooler: Pooler) -> Replica:
        standby = self._new_cluster(f"{spec.branch_id} ({spec.endpoint_id})")
        replica = Replica(spec, primary, standby, pooler, self._certificates, self._user, self.pg_major)
        try:
            await replica.start()
        except BaseException as error:
            await replica.stop(immediate=True)
            if isinstance(error, (psycopg2.Error, OSError)):
                raise DataPlaneError(f"copying branch {spec.branch_id} for endpoint {spec.endpoint_id} failed: {_first_line(error)}") from None
            raise
        return replica

    async def stop_compute(self, endpoint_id: str) -> None:
        """Stop the endpoint's compute, with a checkpoint; its clients drop. Nothing happens when it does not run."""
        compute = self._computes.get(endpoint_id)
        if compute is None:
            return
        async with compute.cluster.lock:
            await self._drop_compute(endpoint_id)

    async def restart(self, endpoint_id: str, spec: ComputeSpec | None = None) -> None:
        """Stop the compute and start it again, with another spec if given. Raises UnknownEndpointError when it was never started."""
        compute = self._computes.get(endpoint_id)
        if compute is None:
            raise UnknownEndpointError(f"endpoint {endpoint_id} has no compute to restart")
        await self.stop_compute(endpoint_id)
        await self.start_compute(spec or compute.spec)

    async def reload(self, spec: ComputeSpec, names: t.Collection[str]) -> None:
        """Give the running compute those server parameters of ``spec``, which need no restart; nothing happens when they are the same."""
        compute = self._computes.get(spec.endpoint_id)
        if compute is None or not compute.running or all(compute.spec.pg_settings.get(name) == spec.pg_settings.get(name) for name in names):
            return
        async with compute.cluster.lock:
            compute.reload({name: spec.pg_settings.get(name) for name in names})

    def compute_running(self, endpoint_id: str) -> bool:
        """Say whether the endpoint's server process runs, as far as noticed."""
        compute = self._computes.get(endpoint_id)
        return compute is not None and compute.running

    def compute_pids(self, endpoint_id: str) -> tuple[int | None, int | None]:
        """Return the process ids of the endpoint's PostgreSQL and PgBouncer, None for what does not run."""
        compute = self._computes.get(endpoint_id)
        return (None, None) if compute is None else (compute.cluster.pid, compute.pooler.pid)

    def client_count(self, endpoint_id: str) -> int:
        """Return how many clients the proxy holds for the endpoint."""
        return self._proxy.client_count(endpoint_id)

    def last_activity(self, endpoint_id: str) -> float | None:
        """Return when a client of the endpoint last connected, sent something or left (seconds since 1970), or None."""
        return self._proxy.last_activity(endpoint_id)

    def sent_bytes(self, endpoint_id: str) -> int:
        """Return how many bytes went to clients of the endpoint so far."""
        return self._proxy.sent_bytes(endpoint_id)

    # --- roles and databases

    async def create_role(self, branch_id: str, name: str, password: str) -> None:
        """Make a role as Neon's API does: a member of neon_superuser, no superuser."""
        await self._sql(branch_id, f"creating role {name}", lambda address: _in_database(address, roles.create_role, name, password))

    async def set_password(self, branch_id: str, name: str, password: str) -> None:
        """Give a role a new password."""
        await self._sql(branch_id, f"setting the password of role {name}", lambda address: _in_database(address, roles.set_password, name, password))

    async def drop_role(self, branch_id: str, name: str) -> None:
        """Drop a role; what it owns goes to the owner of the database it is in."""
        await self._sql(branch_id, f"dropping role {name}", lambda address: _drop_role(address, name))

    async def create_database(self, branch_id: str, name: str, owner: str) -> None:
        """Make a database as Neon's API does."""
        await self._sql(branch_id, f"creating database {name}", lambda address: _create_database(address, name, owner))

    async def alter_database(self, branch_id: str, name: str, *, new_name: str | None = None, new_owner: str | None = None) -> None:
        """Rename a database, give it another owner, or both."""
        await self._sql(
            branch_id, f"altering database {name}", lambda address: _in_database(address, roles.alter_database, name, new_name, new_owner)
        )

    async def drop_database(self, branch_id: str, name: str) -> None:
        """Drop a database; its clients drop."""
        await self._sql(branch_id, f"dropping database {name}", lambda address: _in_database(address, roles.drop_database, name))

    # --- what the proxy needs

    async def backend_port(self, endpoint_id: str, *, pooled: bool) -> int:
        """Return the loopback port for a client of the endpoint, after waking or restarting its compute."""
        compute = self._computes.get(endpoint_id)
        if compute is None or not compute.running:
            await self._awaken(endpoint_id, compute)
            compute = self._computes.get(endpoint_id)
        if compute is None or not compute.running:
            raise DataPlaneError(f"the compute of endpoint {endpoint_id} does not run")
        return await compute.port(pooled=pooled)

    def admission(self, endpoint_id: str, address: str) -> str | None:
        """Return why a client from ``address`` may not connect to the endpoint, None if it may."""
        return self._admit(endpoint_id, address) if self._admit else None

    async def backend_failed(self, endpoint_id: str, *, pooled: bool) -> None:
        """Give a dead process the moment it needs to be noticed."""
        compute = self._computes.get(endpoint_id)
        if compute is not None:
            await compute.failed(pooled=pooled)

    def cancel_targets(self) -> list[tuple[int, bool]]:
        """Return (port, is PgBouncer) of all running servers."""
        found: list[tuple[int, bool]] = []
        for compute in self._computes.values():
            if compute.running:
                found.append((compute.cluster.address.port, False))
            if compute.pooler.port is not None:
                found.append((compute.pooler.port, True))
        return found

    async def _awaken(self, endpoint_id: str, compute: Compute | None) -> None:
        if self._wake is None:
            if compute is None:
                raise UnknownEndpointError(f"there is no endpoint {endpoint_id}")
            await self.start_compute(compute.spec)
            return
        try:
            await self._wake(endpoint_id)
        except DataPlaneError:
            raise
        except Exception as error:
            kind = UnknownEndpointError if getattr(error, "status", None) == 404 else DataPlaneError
            raise kind(str(error)) from error

    # --- inside

    def _cluster(self, branch_id: str) -> Cluster:
        try:
            return self._clusters[branch_id]
        except KeyError:
            raise UnknownBranchError(f"branch {branch_id} has no cluster") from None

    def _next_number(self) -> str:
        self._numbers += 1
        return str(self._numbers)

    def _new_cluster(self, branch_id: str, *, number: int | None = None) -> Cluster:
        # Numbers, not ids: a socket's path must be short.
        name = self._next_number() if number is None else str(number)
        cluster = Cluster(branch_id, self._folder.path / "b" / name, self._folder.path / "s" / name, self._postgres, self._user)
        cluster.prepare_folders()
        return cluster

    @contextlib.asynccontextmanager
    async def _make(self, branch_id: str) -> t.AsyncIterator[Cluster]:
        """Make a cluster's folders; it is known, unlocked, only when the block has filled it, and removed when the block fails."""
        if branch_id in self._clusters:
            raise DataPlaneError(f"branch {branch_id} already has a cluster")
        cluster = self._new_cluster(branch_id)
        async with cluster.lock:
            self._clusters[branch_id] = cluster
            try:
                yield cluster
            except BaseException:
                self._clusters.pop(branch_id, None)
                await cluster.stop(immediate=True)
                await history.forget(cluster)
                raise

    def _copy_template(self, target: Cluster) -> None:
        backup.copy_stopped(self._template.data, target.data)
        trees.give_to(target.data, self._user.owner)

    async def _drop_compute(self, endpoint_id: str, *, immediate: bool = False) -> None:
        compute = self._computes.pop(endpoint_id, None)
        if compute is not None:
            await compute.stop(immediate=immediate)

    async def _sql(self, branch_id: str, purpose: str, work: t.Callable[[Address], None]) -> None:
        """Run SQL on a branch: on its running compute, else on a server that runs for this moment only."""
        cluster = self._cluster(branch_id)
        async with cluster.lock:
            if cluster.running:
                await self._in_thread(f"{purpose} on branch {branch_id}", work, cluster.address)
                return
            await history.keep(cluster, self._user)
            await cluster.start(server_config.maintenance_conf(cluster.socket_folder, cluster.access_files, durable=True), port=5432, tcp=False)
            try:
                await self._in_thread(f"{purpose} on branch {branch_id}", work, cluster.address)
            finally:
                await cluster.stop()

    async def _in_thread(self, purpose: str, work: t.Callable[..., None], *arguments: t.Any) -> None:
        try:
            await asyncio.to_thread(work, *arguments)
        except (psycopg2.Error, OSError) as error:
            raise DataPlaneError(f"{purpose} failed: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    # No more: a DETAIL may hold what was sent.
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _in_database(address: Address, work: t.Callable[..., None], *arguments: t.Any) -> None:
    with sql.admin_connection(address) as connection:
        work(connection, *arguments)


def _create_database(address: Address, name: str, owner: str) -> None:
    with sql.admin_connection(address) as connection:
        roles.create_database(connection, name, owner)
    with sql.admin_connection(address, name) as connection:
        roles.settle_public_schema(connection, owner)


def _drop_role(address: Address, name: str) -> None:
    with sql.admin_connection(address) as connection:
        databases = roles.owned_databases(connection)
    for database, owner in databases:
        with sql.admin_connection(address, database) as connection:
            roles.release_role(connection, name, owner)
    with sql.admin_connection(address) as connection:
        roles.drop_role(connection, name)


def _raise_open_files_limit() -> None:
    """Allow as many open files as may be allowed: every client is two in the proxy and one in PgBouncer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
