# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values to declare for a parameter: the edges that every parameter is asked for, and generated ones."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import Parameter

MEMORY = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
TIME = {"us": 1, "ms": 1000, "s": 10**6, "min": 6 * 10**7, "h": 36 * 10**8, "d": 864 * 10**8}
UNITS = [*MEMORY, *TIME]
#: In the wrong case, of no family, cut or joined.
NO_UNITS = [
    "b",
    "KB",
    "kb",
    "Kb",
    "mb",
    "Mb",
    "gb",
    "tb",
    "US",
    "Ms",
    "S",
    "Min",
    "MIN",
    "H",
    "D",
    "m",
    "k",
    "x",
    "e",
    "p3",
    "sec",
    "days",
    "minutes",
    "MBs",
    "%",
    "MB MB",
]
BLANKS = ["", "", "", " ", "  ", "\t", "\r", "\v", "\u00a0", "\u3000"]

NUMBERS = [
    "-1", "0", "1", "2", "-2", "+3", "++3", "+-3", "- 1", "-0", "-0.0", "+0", ".5", "5.", "-.5", "-5.", ".", "-", "+", "", "1.5", "2.5", "-0.5", "0.5", "0.49999", "1e3", "1E3", "1e+3",
    "1e-3", "1e", "1e+", "1e3.5", "1.5e2", "15e-1", "1.e2", ".5e1", "0x10", "0X1F", "0xff", "0x", "0xg", "-0x10", "0x1.8", "0x.8", "0x1.", "0x1p3", "0x1.8p1", "0x1e3", "0x1e+3", "0x1B",
    "010", "-010", "0010", "08", "-08", "09e1", "010e1", "010.5", "08.5", "0e0", "00", "0b11", "0o17", "1_000", "1,000", "1,5", "inf", "-inf", "Infinity", "INFINITY", "infinit", "nan", "NaN",
    "nan(1)", "1e308", "1e309", "-1e309", "1e-400", "1e-320", "1.79769e+308", "1.797693e308", "1.7976931348623157e308", "1.8e308", "9" * 12, "9" * 19, "9" * 30, "-" + "9" * 19, "0" + "7" * 30,
    "0x" + "f" * 16, "0x" + "f" * 20, "2147483647", "2147483648", "2147483646.5", "2147483647.4", "2147483647.5", "-2147483648", "-2147483649", "262143", "1.0005", "0.0295", "1.005", "\u0663",
    "\u0661\u0660", "\uff11\uff10", "5 5", "ten", "default", "DEFAULT", "on", "true", "null", "'5'", "5;", "5\u200b",
]  # fmt: skip

BOOLEANS = [
    "on", "off", "o", "of", "t", "tr", "tru", "TRUE", "true", "f", "F", "fal", "False", "y", "ye", "YES", "yess", "n", "no", "NO", "non", "0", "1", "00", "01", "2", "-1", "", "tr ue", " on", "on ",
    "on\r", "onn", "offf", "truee", "enable", "disabled", "default", "none", "ON", "Of", "\u00f6n", "\ufb00", "o\ufb00", "0.0", "1.0",
]  # fmt: skip

#: Every word that some enum knows, lists or hides, and some that none does.
ENUM_WORDS = [
    "on", "off", "true", "false", "yes", "no", "1", "0", "t", "f", "o", "y", "auto", "regress", "any", "", " ", "none", "all", "pl", "debug", "debug1", "debug5", "info", "notice", "warning", "error",
    "log", "fatal", "panic", "minimal", "archive", "hot_standby", "replica", "logical", "remote_write", "remote_apply", "local", "try", "safe_encoding", "partition", "pglz", "lz4", "zstd", "zz",
    "default", "read committed", "read  committed", "READ COMMITTED", "repeatable read", "serializable", "read_committed", "snapshot", "md5", "scram-sha-256", "scram", "plain", "tlsv1.2",
    "TLSv1.3", "SSLv3", "iso_8601", "postgres", "sql_standard", "content", "document", "base64", "hex", "escape", "origin", "ddl", "mod", "bloc\u212a", "\u017fync", "ERROR", "Local", "on ", "1.0",
]  # fmt: skip

#: Words of lists, of all kinds and of none, each parameter is asked for those of the others too.
LIST_WORDS = [
    "a", "A", "b c", "it's", 'say "x"', "$user", "public", "pg_catalog", "/tmp", "/var/run, x", "localhost", "*", "127.0.0.1", "::1", "stderr", "STDERR", "csvlog", "jsonlog", "syslog", "eventlog", "stdout",
    "iso", "ISO", "german", "sql", "postgres", "postgresql", "us", "mdy", "dmy", "ymd", "european", "euro", "noneuropean", "iso,", "set", "inherit", "none", "all", "ALL", "on", "off", "true", "receipt",
    "authentication", "authorization", "setup_durations", "data", "wal", "wal_init", "view", "foreign-table", "heap", "btree", "XLOG", "s1", "s2", "S-1", "slot_1", "Slot", "2", "FIRST 1 (a", "b)", "ANY 2 (a",
    "default", "", " ", "a,b", "a;b", "\\", "%", "a.b", "1", "0", "no", "x" * 70, "\u00e9", "ISO 8601", "Y", "yes",
]  # fmt: skip

TEXTS = [
    "", " ", "x", "X", "it's", 'say "x"', "a, b", "a,b", "host=a,b port=1", "/a//b/", "/a/../b", "a/./b", "./x", "../x", "/", "\\", "%m [%p] ", "%", "\u00e9", "\u2603", "x" * 63, "x" * 64, "y" * 200, "tab\there",
    "UTC", "utc", "Europe/Berlin", "europe/berlin", "Nowhere/At_All", "+3", "-3.5", "GMT+1", "<+03>-03", "INTERVAL '1' HOUR", "Default", "C", "POSIX", "C.UTF-8", "en_US.UTF-8", "xx_XX", "UTF8", "utf-8",
    "SQL_ASCII", "latin1", "KLINGON", "simple", "english", "pg_catalog.english", "no_such", "heap", "HEAP", "pg_default", "pg_global", "0/0", "0/1", "16/B374D848", "x/y", "latest", "current", "1", "0x1", "3",
    "4294967295", "-1", "2026-11-23 10:00:00", "2026-11-23 10:00:00+00", "now", "today", "epoch", "infinity", "immediate", "IMMEDIATE", "a_slot", "A_Slot", "a-slot", "all", "none", "shadowed_variables", "jit",
    "llvmjit", "cp %p /x/%f", "func_a, func_b", "func-a", "line\\nbreak", "on", "off", "true", "no", "HIGH:!aNULL", "prime256v1", "X25519:prime256v1", "postgres", "cloud_admin", "nobody", "FIRST 1 (a, b)",
    "first 1(a)", "ANY 2 (a, \"B c\")", "2 (a, b)", "a b", "(a)", "FIRST (a)", "ANY 0 (a)", "1.5 (a)", "*", "\"*\"", "FIRST 99999999999 (a)", "a,", ",a", "\"a", "a\"b", "a\"b\"", "\"\"", "\"\", a", "a b, c",
]  # fmt: skip

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=12)


def family(parameter: Parameter) -> tuple[dict[str, int], float]:
    """Return the units that a parameter takes, and its own unit's size in the smallest of them."""
    unit = parameter.unit or ""
    count = unit[: len(unit) - len(unit.lstrip("0123456789"))]
    name = unit[len(count) :]
    units = MEMORY if name in MEMORY else TIME
    return units, int(count or 1) * units[name]


def bounds(parameter: Parameter) -> list[float]:
    """Return the numbers at a parameter's limits and beside them."""
    found: list[float] = []
    for text in (parameter.min_val, parameter.max_val):
        if text is None:
            continue
        bound: float = int(text) if parameter.vartype == "integer" else float(text)
        step = 1 if parameter.vartype == "integer" or abs(bound) > 1e6 else 0.001
        found += [bound, bound - step, bound + step, bound + step / 2, bound - step / 2]
    return found


def at_the_bounds(parameter: Parameter) -> list[str]:
    """Return the limits and their neighbours, bare and in every unit that the parameter takes."""
    texts = [repr(bound) for bound in bounds(parameter)]
    if parameter.unit:
        units, own = family(parameter)
        texts += [f"{bound * own / size:.15g}{unit}" for bound in bounds(parameter) for unit, size in units.items()]
    return texts


def edges(parameter: Parameter) -> list[t.Any]:
    """Return what a parameter is asked for in every run, before anything is generated."""
    if parameter.vartype in ("integer", "real"):
        near = at_the_bounds(parameter)
        return [*near[:10], *near[10::7], "1.5", "-1", 0, "0x10", "010", " 7 ", "1e1", 2.5, "", *(f"1{unit}" for unit in UNITS), "1 kb", "1S"]
    if parameter.vartype == "bool":
        return ["on", "OFF", "t", "ye", "o", "of", 1, 0, True, False, "2", "", " on"]
    if parameter.vartype == "enum":
        return [*parameter.enumvals, *(name.upper() for name in parameter.enumvals), "on", "true", 1, 0, "no", False, "debug", "info", "", "zz"]
    if parameter.is_list:
        return ["", [], "a, b", ["a", "b"], '"a, b"', ["a, b"], "a,,b", ["a", ""], '"a', 'a"b', [""], "on", *LIST_WORDS[12:40:3]]
    return ["", "x", "it's", "a, b", 5, True, "/a//b/", "\u00e9", "x" * 70]


def _cased(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(words, words.map(str.upper), words.map(str.lower), words.map(str.swapcase))


def _numbers(parameter: Parameter) -> st.SearchStrategy[t.Any]:
    low = float(parameter.min_val or 0)
    high = float(parameter.max_val or 100)
    inside = st.floats(low, high, allow_nan=False)
    small = st.floats(-3, 3000, allow_nan=False)
    number = st.one_of(
        st.sampled_from(NUMBERS),
        st.integers(-3, 5000).map(str),
        st.integers(max(int(max(low, -1e12)), -(10**12)), min(int(min(high, 1e12)), 10**12)).flatmap(
            lambda number: st.sampled_from(
                [str(number), hex(number), f"0{number:o}" if number >= 0 else f"-0{-number:o}", f"{number:e}", f"{number}.", f" {number}"]
            )
        ),
        inside.map(repr),
        inside.map(lambda number: f"{number:.3f}"),
        small.map(lambda number: f"{number:.4g}"),
        small.map(lambda number: f"{number:.3f}"),
        st.integers(0, 4000).map(lambda halves: f"{halves / 2}"),
        st.floats(allow_nan=True).map(repr),
    )
    unit = st.sampled_from([*UNITS, *UNITS, "", "", "", "", "", *NO_UNITS])
    if parameter.unit:
        unit = st.one_of(st.sampled_from(list(family(parameter)[0])), unit)
    blank = st.sampled_from(BLANKS)
    return st.one_of(
        st.tuples(number, unit).map("".join),
        st.tuples(blank, number, blank, unit, blank).map("".join),
        st.sampled_from(at_the_bounds(parameter) or [""]),
        st.integers(-2, 10**6),
        st.floats(-2, 10**6, allow_nan=False),
        st.booleans(),
        PLAIN,
    )


def _lists() -> st.SearchStrategy[t.Any]:
    word = st.one_of(_cased(st.sampled_from(LIST_WORDS)), PLAIN)
    quoted = word.map(lambda text: '"' + text.replace('"', '""') + '"')
    line = st.lists(st.one_of(word, word, quoted), max_size=4).flatmap(
        lambda words: st.sampled_from([", ".join(words), ",".join(words), " , ".join(words)])
    )
    return st.one_of(st.lists(word, max_size=4), line, line, st.sampled_from(TEXTS), st.integers(0, 3), st.booleans())


def values(parameter: Parameter) -> st.SearchStrategy[t.Any]:
    """Return the values that are generated for a parameter: YAML scalars, and lists for lists."""
    if parameter.vartype in ("integer", "real"):
        return _numbers(parameter)
    if parameter.vartype == "bool":
        return st.one_of(_cased(st.sampled_from(BOOLEANS)), st.booleans(), st.integers(-1, 2), PLAIN)
    if parameter.vartype == "enum":
        words = st.sampled_from([*parameter.enumvals, *ENUM_WORDS])
        return st.one_of(
            _cased(words), words.map(lambda word: word[:-1]), words.map(lambda word: f" {word}"), st.booleans(), st.integers(-1, 2), PLAIN
        )
    if parameter.is_list:
        return _lists()
    return st.one_of(st.sampled_from(TEXTS), _cased(st.sampled_from(TEXTS)), PLAIN, st.integers(), st.booleans())
