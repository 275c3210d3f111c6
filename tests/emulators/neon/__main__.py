# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the local Neon: ``PYTHONPATH=tests python -m emulators.neon ...``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from ..framework.contract import Contract, contract_path
from ..framework.instance import Instance, InstanceError
from .deviations import deviations
from .postgres_home import postgres_home

NOT_RUNNING = 3
CONTRACT_FILE = "neon-openapi.json"


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="emulators.neon", description="The local Neon, for development, demos and CI.")
    commands = top.add_subparsers(dest="command", required=True)
    for name, option, text in (
        ("serve", "--state-dir", "serve in the foreground until Ctrl-C"),
        ("start", "--dir", "start in the background and wait until ready"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(option, dest="dir", type=Path, required=True, help="folder for its files, created if need be")
        command.add_argument("--port", type=int, default=0, help="port of the API (default: any free one)")
        command.add_argument("--pg-port", type=int, default=0, help="port for PostgreSQL clients (default: any free one)")
        command.add_argument("--pg-major", type=int, default=17, help="PostgreSQL major version (default: 17)")
        command.add_argument("--operation-seconds", type=float, default=0.15, help="how long an operation takes at least (default: 0.15)")
        command.add_argument("--snapshot-limit", type=int, default=100, help="how many manual snapshots a project may have (default: 100)")
        command.add_argument("--end-with", type=int, default=0, metavar="PID", help="end when that process ends (default: never)")
        command.add_argument("--hollow", action="store_true", help="run no servers: for tests of the API alone, nobody can connect")
        command.add_argument("--lenient", action="store_true", help="record what breaks the contract without answering an error")
    for name, text in (("stop", "stop and remove every trace"), ("status", f"tell whether it runs (exit status {NOT_RUNNING} if not)")):
        commands.add_parser(name, help=text).add_argument("--dir", type=Path, required=True, help="folder given to start")
    commands.add_parser("deviations", help="print the known deviations from the service, with the contract's version")
    return top


def instance_in(directory: Path) -> Instance:
    """The instance in ``directory``, which knows how to clean up after a killed data plane."""

    def release(runtime_dir: Path) -> None:
        from .dataplane.runtime_folder import remove_leftovers

        remove_leftovers(runtime_dir)

    return Instance(directory, release)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve in the foreground."""
    from .serve import ServeOptions, serve  # imported late: the other commands answer at once

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    options = ServeOptions(
        arguments.port,
        arguments.pg_port,
        arguments.pg_major,
        arguments.operation_seconds,
        arguments.snapshot_limit,
        strict=not arguments.lenient,
        end_with=arguments.end_with,
        hollow=arguments.hollow,
    )
    serve(instance_in(arguments.dir), options)
    return 0


def run_start(arguments: argparse.Namespace) -> int:
    """Start in the background."""
    postgres_home(arguments.pg_major)  # refused here, in one line, rather than in the log of the process
    instance = instance_in(arguments.dir)
    command = [sys.executable, "-m", "emulators.neon", "serve", "--state-dir", str(instance.directory)]
    for option in ("port", "pg_port", "pg_major", "operation_seconds", "snapshot_limit", "end_with"):
        command += [f"--{option.replace('_', '-')}", str(getattr(arguments, option))]
    for option in ("lenient", "hollow"):
        if getattr(arguments, option):
            command.append(f"--{option}")
    started = instance.start(command)
    verb = "started" if started else "runs already; nothing done"
    print(f"The local Neon {verb}: {instance.read_env()['NEON_API_HOST']}")
    print(f"Variables for clients: {instance.env_file}")
    path = contract_path(CONTRACT_FILE)
    print(f"Contract validation: {'on' if path.is_file() else f'skipped: contract file not found: {path}'}")
    return 0


def run_stop(arguments: argparse.Namespace) -> int:
    """Stop and clean up."""
    was_running = instance_in(arguments.dir).stop()
    print("The local Neon is stopped; nothing of it is left." if was_running else "The local Neon was not running; nothing of it is left.")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Tell whether it runs."""
    instance = instance_in(arguments.dir)
    record = instance.record()
    if not instance.alive() or record is None or not record.ready:
        print("The local Neon does not run.")
        return NOT_RUNNING
    print(f"The local Neon runs: {instance.read_env()['NEON_API_HOST']} (process {record.pid})")
    return 0


def run_deviations(arguments: argparse.Namespace) -> int:
    """Print the known deviations as JSON."""
    from .dataplane.deviations import deviations as data_plane_deviations

    path = contract_path(CONTRACT_FILE)
    version = Contract(path, "").version if path.is_file() else f"unknown: {path} not found"
    print(json.dumps({"contract": path.name, "version": version, "deviations": deviations(data_plane_deviations(None))}, indent=2))
    return 0


RUN = {"serve": run_serve, "start": run_start, "stop": run_stop, "status": run_status, "deviations": run_deviations}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what the person can act on is one line on standard error."""
    parsed = parser().parse_args(arguments)
    try:
        return RUN[parsed.command](parsed)
    except InstanceError as error:
        print(f"emulators.neon: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
