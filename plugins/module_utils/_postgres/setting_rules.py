# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What single parameters demand beside type, range and enum: the check hooks of the server, as far as they look at nothing but the value. Pure.

tests/differential holds this to real servers; what it cannot hold (a hook that looks at files, tables or other parameters) is named there.
"""

from __future__ import annotations

import re
import typing as t

from .setting_catalogue import Parameter
from .setting_list import BadListError, cut_name, lower_ascii, split_list


class BrokenRuleError(ValueError):
    """A value that the parameter's own check in the server would refuse."""


# --- numbers ---------------------------------------------------------------------------------------------------------------------------

#: Sizes of caches that are divided into banks of 16 pages. 0 follows from shared_buffers.
_BANKED = frozenset(
    {
        "commit_timestamp_buffers",
        "multixact_member_buffers",
        "multixact_offset_buffers",
        "notify_buffers",
        "serializable_buffers",
        "subtransaction_buffers",
        "transaction_buffers",
    }
)


def ruled_integer(parameter: Parameter, value: int) -> int:
    """Return a whole number as the server keeps it: some small ones are raised without a word.

    :raises BrokenRuleError: if its own check refuses it.
    """
    name = parameter.name
    if name in _BANKED and value % 16:
        raise BrokenRuleError("it is no multiple of 16")
    if name == "vacuum_buffer_usage_limit" and value != 0 and value < 128:
        raise BrokenRuleError("it is neither 0 nor at least 128 kB")
    if name == "io_max_concurrency" and value == 0:
        raise BrokenRuleError("0 leaves no room for any; -1 lets the server choose")
    if value != -1:
        if name == "wal_buffers":
            return max(value, 4)
        if name == "autovacuum_work_mem":
            return max(value, 64 if parameter.major >= 17 else 1024)
    return value


# --- texts -----------------------------------------------------------------------------------------------------------------------------


def ruled_text(parameter: Parameter, text: str) -> str:
    """Return a text as the server keeps it.

    :raises BrokenRuleError: if its own check refuses it.
    """
    rule = _TEXTS.get(parameter.name)
    return rule(parameter.major, text) if rule else text


def _shown_name(major: int, text: str) -> str:
    """Names that are shown in lists of processes: at most 63 bytes, and nothing but ASCII."""
    printable = range(32, 127)
    kept = cut_name(text).encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in printable else f"\\x{byte:02x}" if major >= 16 else "?" for byte in kept)


def _functions(_major: int, text: str) -> str:
    if re.search(r"[^0-9A-Za-z_, \n\t]", text):
        raise BrokenRuleError("names of functions hold nothing but letters, digits and underscores")
    return text


def _slot(_major: int, text: str) -> str:
    if text and not re.fullmatch("[a-z0-9_]{1,63}", text):
        raise BrokenRuleError("names of replication slots are made of 1 to 63 lower-case letters, digits and underscores")
    return text


def _target(_major: int, text: str) -> str:
    if text not in ("", "immediate"):
        raise BrokenRuleError("it is neither immediate nor empty")
    return text


def _target_lsn(_major: int, text: str) -> str:
    if text and not re.fullmatch("[0-9a-fA-F]{1,8}/[0-9a-fA-F]{1,8}", text):
        raise BrokenRuleError("it is no place in the log such as 16/B374D848")
    return text


def _target_name(_major: int, text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > 63:
        raise BrokenRuleError("it is longer than 63 bytes")
    return text


def _path(major: int, text: str) -> str:
    """Paths lose what means nothing in them: doubled and trailing slashes, and from 15 on single and double dots anywhere."""
    path = re.sub("/+", "/", text)
    path = path.rstrip("/") or path[:1]
    if major < 15:
        return _path_without_last_dots(path)
    root = path[:1] if path.startswith("/") else ""
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in ("", ".", "..") or (part == ".." and not root):
            kept.append(part)
    return root + "/".join(kept) or (path[:1] and ".")


def _path_without_last_dots(path: str) -> str:
    """PostgreSQL 14 looks at the dots at a path's end only."""
    removed = 0
    while path not in ("", "/"):
        parent, _slash, last = path.rpartition("/")
        shorter = parent or ("/" if path.startswith("/") else "")
        if path == ".":
            path = "" if removed else "."
            break
        if last == ".":
            path = shorter
        elif last == "..":
            path, removed = shorter, removed + 1
        elif removed:
            path, removed = shorter or ".", removed - 1
        else:
            break
    return path + "/".join([".."] * removed) if path != "/" else path


_TEXTS: dict[str, t.Callable[[int, str], str]] = {
    "application_name": _shown_name,
    "backtrace_functions": _functions,
    "cluster_name": _shown_name,
    "external_pid_file": _path,
    "log_directory": _path,
    "primary_slot_name": _slot,
    "recovery_target": _target,
    "recovery_target_lsn": _target_lsn,
    "recovery_target_name": _target_name,
    "stats_temp_directory": _path,
}

# --- lists -----------------------------------------------------------------------------------------------------------------------------

#: Lists of directories and libraries, whose elements may hold blanks and keep their case.
_DIRECTORIES = frozenset(
    {"local_preload_libraries", "oauth_validator_libraries", "session_preload_libraries", "shared_preload_libraries", "unix_socket_directories"}
)

#: Lists of names: without quotes they count in lower case.
_NAMES = frozenset({"search_path", "synchronized_standby_slots", "temp_tablespaces"})

#: Lists in which upper and lower case are the same to the server.
_CASELESS = frozenset(
    {
        "createrole_self_grant",
        "debug_io_direct",
        "log_connections",
        "log_destination",
        "restrict_nonsystem_relation_kind",
        "wal_consistency_checking",
    }
)

#: The words of a list: name, word, the first major that has it.
_WORDS: dict[str, dict[str, int]] = {
    "createrole_self_grant": {"inherit": 16, "set": 16},
    "debug_io_direct": {"data": 16, "wal": 16, "wal_init": 16},
    "log_destination": {"csvlog": 14, "jsonlog": 15, "stderr": 14, "syslog": 14},
    "log_connections": {"all": 18, "authentication": 18, "authorization": 18, "receipt": 18, "setup_durations": 18},
    "restrict_nonsystem_relation_kind": {"foreign-table": 14, "view": 14},
}

#: What log_connections still takes from the times when it was a Boolean, by itself only.
_FORMER_BOOLEAN = frozenset({"0", "1", "false", "no", "off", "on", "true", "yes"})


def read_list(parameter: Parameter, text: str) -> list[str]:
    """Return the elements of a list in one text.

    :raises BrokenRuleError: if the server would not take it, or not start with it.
    """
    try:
        return split_list(text, directories=parameter.name in _DIRECTORIES, fold=parameter.name in _NAMES)
    except BadListError as problem:
        raise BrokenRuleError(str(problem)) from None


def ruled_list(parameter: Parameter, text: str) -> tuple[str, ...]:
    """Return what a list in one text means to the server, equal for equal lists.

    :raises BrokenRuleError: if its own check refuses it, or if no server could start with it.
    """
    name = parameter.name
    if name == "synchronous_standby_names":
        return _standbys(text)
    elements = read_list(parameter, text)
    if name == "DateStyle":
        return _date_style(elements)
    if name == "synchronized_standby_slots":
        for element in elements:
            _slot(parameter.major, element)
    if name in _CASELESS:
        elements = [lower_ascii(element) for element in elements]
    if name in _WORDS and not (name == "log_connections" and len(elements) == 1 and elements[0] in _FORMER_BOOLEAN):
        known = [word for word, first in _WORDS[name].items() if parameter.major >= first]
        for element in elements:
            if element not in known:
                raise BrokenRuleError(f"{element!r} is none of {', '.join(known)}")
    return tuple(elements)


_DATE_WORDS = (
    ("iso", "iso", None),
    ("sql", "sql", None),
    ("german", "german", None),
    ("postgres.*", "postgres", None),
    ("ymd", None, "ymd"),
    ("dmy|euro.*", None, "dmy"),
    ("mdy|us|noneuro.*", None, "mdy"),
    ("default", None, None),
)


def _date_style(elements: t.Sequence[str]) -> tuple[str, ...]:
    """Return style and order of dates; what is not said stays as it is, and is not there."""
    style = order = german_order = None
    for element in elements:
        meant = [
            (word_style, word_order) for pattern, word_style, word_order in _DATE_WORDS if re.fullmatch(pattern, lower_ascii(element), re.DOTALL)
        ]
        if not meant:
            raise BrokenRuleError(f"{element!r} is no word of DateStyle")
        its_style, its_order = meant[0]
        if (its_style and style not in (None, its_style)) or (its_order and order not in (None, its_order)):
            raise BrokenRuleError("two of its words contradict each other")
        style, order = its_style or style, its_order or order
        german_order = "dmy" if its_style == "german" else german_order
    return tuple(word for word in (style, order or german_order) if word)


_STANDBY_TOKEN = re.compile(r'[ \t\n\r\f\v]*(?:("(?:[^"]|"")*")|([A-Za-z_\u0080-\U0010ffff][A-Za-z_0-9$\u0080-\U0010ffff]*)|([0-9]+)|([*,()]))')


def _standby_tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    rest = text.rstrip(" \t\n\r\f\v")
    while rest:
        found = _STANDBY_TOKEN.match(rest)
        if not found:
            raise BrokenRuleError(f"there is a syntax error at {rest[:20]!r}")
        quoted, word, number, sign = found.groups()
        if quoted is not None:
            tokens.append(("name", quoted[1:-1].replace('""', '"')))
        elif word is not None:
            tokens.append(("method", lower_ascii(word)) if lower_ascii(word) in ("any", "first") else ("name", word))
        elif number is not None:
            tokens.append(("number", number))
        else:
            tokens.append(("name", "*") if sign == "*" else (sign, sign))
        rest = rest[found.end() :]
    return tokens


def _standbys(text: str) -> tuple[str, ...]:
    """Return method, number and names of synchronous_standby_names, whose names are compared without regard to case."""
    if not text:
        return ()
    tokens = _standby_tokens(text)
    method, number = "first", "1"
    kinds = [kind for kind, _text in tokens]
    if kinds[:3] == ["method", "number", "("] or kinds[:2] == ["number", "("]:
        if kinds[0] == "method":
            method, tokens = tokens[0][1], tokens[1:]
        number, tokens = tokens[0][1], tokens[2:]
        if not tokens or tokens.pop()[0] != ")":
            raise BrokenRuleError("a bracket is not closed")
    names = tokens[::2]
    if not names or any(kind not in ("name", "number") for kind, _text in names):
        raise BrokenRuleError("a name is missing or is no name")
    if len(tokens) % 2 == 0 or any(kind != "," for kind, _text in tokens[1::2]):
        raise BrokenRuleError("its names are not separated by single commas")
    # C's atoi, which the server takes here, keeps the lower half of what fits into 64 bits.
    count = (min(int(number), 2**63 - 1) + 2**31) % 2**32 - 2**31
    if count <= 0:
        raise BrokenRuleError("the number of synchronous standbys is not greater than zero")
    return (method, str(count), *(lower_ascii(name) for _kind, name in names))
