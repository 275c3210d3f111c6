# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated secrets by name, kept in a JSON mapping. Pure: text in, text out."""

from __future__ import annotations

import json
import secrets
import string
import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change, Plan

#: Letters and digits only: such a secret needs no quoting in SQL, a shell, a dotenv file or a connection string.
ALPHABET = string.ascii_letters + string.digits

#: Shorter ones are weak, longer ones gain nothing (24 characters are 142 bits).
SHORTEST = 24
LONGEST = 256


def generate(length: int) -> str:
    """Return a new secret of that many characters from the operating system's random source."""
    return "".join(secrets.choice(ALPHABET) for _number in range(length))


def parse(text: str, path: str) -> dict[str, str]:
    """Return the secrets by name.

    :param text: the file's content.
    :param path: the file, for errors. No error holds any of the content.
    :raises InputError: if it is not a mapping of names to non-empty strings.
    """
    remedy = "Restore the file from a backup. Do not delete it: the passwords of existing roles would be lost"
    try:
        content = json.loads(text)
    except ValueError as error:
        # JSONDecodeError's own text names the position; it does not quote the document.
        raise InputError(f"{path} is not JSON ({error})", remedy=remedy) from None
    if not isinstance(content, dict):
        raise InputError(f"{path} does not hold a mapping of names to secrets", remedy=remedy)
    wrong = sorted(name for name, value in content.items() if not isinstance(value, str) or not value)
    if wrong:
        raise InputError(f"{path} holds no text for {', '.join(wrong)}", remedy=remedy)
    return content


def render(values: t.Mapping[str, str]) -> str:
    """Return the file's content, sorted by name."""
    return json.dumps(dict(sorted(values.items())), indent=2, ensure_ascii=False) + "\n"


def check_names(names: t.Sequence[str], length: int) -> None:
    """Refuse a declaration that cannot be kept.

    :raises InputError: for an empty or repeated name, or a length out of range.
    """
    if any(not name.strip() or any(ord(letter) < 32 for letter in name) for name in names):
        raise InputError(
            "a name is empty or holds control characters",
            where="option secrets of secret_file",
            remedy="Give every secret a printable name",
        )
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise InputError(f"{', '.join(repeated)} is declared more than once", where="option secrets of secret_file", remedy="Declare every name once")
    if not SHORTEST <= length <= LONGEST:
        raise InputError(
            f"a secret of {length} characters is not possible", where="option length of secret_file", remedy=f"Use {SHORTEST} to {LONGEST}"
        )


def plan_secrets(present: t.Collection[str], declared: t.Sequence[str], never_generate: t.Collection[str], path: str) -> Plan:
    """Say which secrets have to be generated. Names that are in the file and not declared stay.

    :param present: names that the file holds.
    :param never_generate: names whose secret is in use somewhere, so that a new one would not fit.
    :raises InputError: if one of those is missing.
    """
    lost = sorted(name for name in never_generate if name not in present)
    if lost:
        many = len(lost) > 1
        raise InputError(
            f"the file {path} holds no secret for {', '.join(lost)}",
            where="option never_generate of secret_file",
            why=f"{'they exist' if many else 'it exists'} already: a newly generated secret would not fit, and a reset would cut off whoever uses the old one",
            remedy=f"Restore {path} from a backup, or declare the known {'passwords' if many else 'password'} from your secret store",
            details={"lost": lost},
        )
    missing = tuple(sorted(name for name in declared if name not in present))
    if not missing:
        return Plan()
    before = {name: "(value hidden)" for name in sorted(present)}
    after = {**before, **{name: "(value hidden, generated)" for name in missing}}
    return Plan(
        changes=(Change("generate", f"{len(missing)} secret{'s' if len(missing) > 1 else ''} in {path}: {', '.join(missing)}", missing),),
        before={"path": path, "secrets": before},
        after={"path": path, "secrets": dict(sorted(after.items()))},
    )
