# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of parameters in one canonical form, so that ``1GB``, ``1024 MB`` and ``1048576`` (kB) are the same. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import InputError
from .setting_catalogue import Parameter
from .setting_list import cut_name, lower_ascii
from .setting_number import BadNumberError, parse_bound, parse_integer, parse_real, show_real
from .setting_rules import BrokenRuleError, read_list, ruled_integer, ruled_list, ruled_text
from .setting_secret import declared_without_password

_TRUE = ("on", "true", "yes")
_FALSE = ("off", "false", "no")


# What a list takes without quotes: others would be folded to small letters, or be split.
_PLAIN_NAME: t.Final = re.compile(r"[a-z_][a-z0-9_$]*", re.ASCII)


class BadValueError(InputError):
    """A declared value that the server would refuse. ``what`` repeats it but for a password, ``why`` does not."""


@dataclasses.dataclass(frozen=True)
class Value:
    """A value that PostgreSQL accepts.

    :param canonical: equal for equal values of one parameter, whatever their text.
    :param arguments: what stands behind ``SET name TO``, one text or, for lists whose elements the server quotes, several; empty for a
        list that has to be RESET.
    """

    canonical: t.Hashable
    arguments: tuple[str, ...]

    @property
    def text(self) -> str:
        """The value for people."""
        return ", ".join(self.arguments)


def declared_value(parameter: Parameter, value: t.Any) -> Value:
    """Return a declared value.

    :param value: a YAML scalar, or a list for a list parameter.
    :raises BadValueError: if the server would refuse it, with the reason.
    """
    if value is None:
        raise _wrong(parameter, value, "no value was given", "Give one, or declare state: absent")
    if isinstance(value, (list, tuple)):
        if not parameter.is_list and not parameter.custom:
            raise _wrong(parameter, value, "it is not a list parameter", "Give a single value")
        elements = [_scalar_text(parameter, item) for item in value]
        if parameter.custom:
            # What an extension will make of it is not known yet: a placeholder takes one text.
            return Value(", ".join(elements), (", ".join(elements),))
        # Elsewhere the server joins several arguments without a quote: there an element with a comma is two.
        return _quoted_list(parameter, elements) if parameter.quotes_elements else _list(parameter, ", ".join(elements))
    if parameter.is_list:
        return _list(parameter, _scalar_text(parameter, value))
    text = _scalar_text(parameter, value)
    if parameter.vartype == "bool":
        canonical = read_bool(text)
        if canonical is None:
            raise _wrong(parameter, value, "it is not a Boolean", "Use on or off")
        return Value(canonical, (canonical,))
    if parameter.vartype == "enum":
        return _enum_value(parameter, text)
    if parameter.vartype in ("integer", "real"):
        return Value(_number(parameter, text), (text,))
    return Value(_checked(parameter, value, ruled_text, text), (text,))


def stored_canonical(parameter: Parameter, text: str | None) -> t.Hashable:
    """Return the canonical form of a text that the server holds (in a file, in pg_db_role_setting or in pg_settings), None for none.

    A text that the server itself could not read is its own canonical form: it differs from every declared value.
    """
    if text is None:
        return None
    try:
        if parameter.is_list:
            # "" in double quotes is how an empty list of quoted elements is stored.
            if parameter.quotes_elements and text == '""':
                return ()
            return _checked(parameter, text, ruled_list, text)
        return declared_value(parameter, text).canonical
    except InputError:
        return ("unreadable", text)


def shown_text(parameter: Parameter, text: str | None) -> str | None:
    """Return a stored text for people, in the form of :attr:`Value.text`: elements that the server quotes without these quotes."""
    if text is None or not parameter.quotes_elements:
        return text
    try:
        return ", ".join(read_list(parameter, text))
    except BrokenRuleError:
        return text


def configured_text(parameter: Parameter, value: Value) -> str:
    """Return a value as a configuration file has it: one text, in which the elements of a list that the server quotes are quoted."""
    if not parameter.quotes_elements:
        return value.text
    quoted = [text if _PLAIN_NAME.fullmatch(text) else '"' + text.replace('"', '""') + '"' for text in value.arguments]
    return ", ".join(quoted)


def read_bool(text: str) -> str | None:
    """Return ``on`` or ``off`` as the server reads a Boolean: any unambiguous prefix, in any case, or 1 and 0. None for anything else."""
    word = lower_ascii(text)
    if word in ("1", "0"):
        return "on" if word == "1" else "off"
    if not word or word == "o":
        return None
    matches = {"on" for name in _TRUE if name.startswith(word)} | {"off" for name in _FALSE if name.startswith(word)}
    return matches.pop() if len(matches) == 1 else None


def _scalar_text(parameter: Parameter, value: t.Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (str, int, float)):
        text = str(value)
        if "\0" in text:
            raise _wrong(parameter, value, "it holds a null character", "Remove it")
        return text
    raise _wrong(parameter, value, f"it is a {type(value).__name__}", "Give a text, a number, a Boolean or a list of these")


#: Spellings that the server takes for an enum without listing them in pg_settings: spelling, what it stands for.
_ENUM_ALIASES = (("true", "on"), ("yes", "on"), ("1", "on"), ("false", "off"), ("no", "off"), ("0", "off"), ("debug", "debug2"))


def _enum_value(parameter: Parameter, text: str) -> Value:
    word = lower_ascii(text)
    known = {lower_ascii(name): name for name in parameter.enumvals}
    if word not in known:
        word = dict(_ENUM_ALIASES).get(word, word)
    if word in ("archive", "hot_standby") and "logical" in known:
        # What wal_level was called before 9.6.
        word = "replica"
    if word == "info" and "notice" in known:
        known["info"] = "info"
    if word not in known:
        raise _wrong(parameter, text, f"it is none of {', '.join(parameter.enumvals)}", "Use one of these")
    if word == "on" and parameter.name.lower() == "wal_compression" and "pglz" in known:
        # From 15 on this is another word for pglz, and is read back as such.
        word = "pglz"
    return Value(known[word], (known[word],))


def _number(parameter: Parameter, text: str) -> str:
    try:
        value: float = parse_integer(text, parameter.unit) if parameter.vartype == "integer" else parse_real(text, parameter.unit)
    except BadNumberError as problem:
        raise _wrong(parameter, text, str(problem), "Correct the value") from None
    low, high = (parse_bound(bound) if bound is not None else None for bound in (parameter.min_val, parameter.max_val))
    if (low is not None and value < low) or (high is not None and value > high):
        unit = f" {parameter.unit}" if parameter.unit else ""
        shown = str(value) if isinstance(value, int) else show_real(value)
        raise _wrong(
            parameter, text, f"{shown}{unit} is outside of the valid range {parameter.min_val}{unit} to {parameter.max_val}{unit}", "Stay within it"
        )
    if isinstance(value, int):
        return str(_checked(parameter, text, ruled_integer, value))
    return show_real(value)


_In = t.TypeVar("_In")
_Out = t.TypeVar("_Out")


def _checked(parameter: Parameter, value: t.Any, rule: t.Callable[[Parameter, _In], _Out], read: _In) -> _Out:
    """Apply a rule of the parameter itself; ``value`` is what was declared."""
    try:
        return rule(parameter, read)
    except BrokenRuleError as problem:
        raise _wrong(parameter, value, str(problem), "Correct the value") from None


def _list(parameter: Parameter, text: str) -> Value:
    """Return a list that was declared as one text, as it would stand in postgresql.conf."""
    canonical = _checked(parameter, text, ruled_list, text)
    if parameter.quotes_elements:
        return _quoted_list(parameter, _checked(parameter, text, read_list, text))
    return Value(canonical, (text,))


def _quoted_list(parameter: Parameter, elements: list[str]) -> Value:
    name = parameter.name.lower()
    if name in ("search_path", "temp_tablespaces"):
        elements = [cut_name(element) for element in elements]
    if elements == [""]:
        elements = []
    if elements:
        # An empty name is no schema, and stands for the database's own tablespace; a library or a directory without a name cannot be found.
        if "" in elements and name not in ("search_path", "temp_tablespaces"):
            raise _wrong(parameter, elements, "an element is empty", "Remove it")
        return Value(tuple(elements), tuple(elements))
    if name == "search_path":
        return Value((), ("",))
    if stored_canonical(parameter, parameter.boot_val) == ():
        # SET shared_preload_libraries = '' is stored as "" and the server does not start any more: only RESET gives an empty list.
        return Value((), ())
    raise _wrong(
        parameter, elements, "PostgreSQL stores an empty list of this parameter as one element with an empty name", "Name at least one element"
    )


def _wrong(parameter: Parameter, value: t.Any, why: str, remedy: str) -> BadValueError:
    return BadValueError(f"{declared_without_password(parameter.name, value)!r} is not a value for {parameter.name}", why=why, remedy=remedy)
