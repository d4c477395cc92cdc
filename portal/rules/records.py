"""From a table read out of a settings file to a typed frozen record, naming the key of everything that is wrong."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Reader = Callable[[Any, str], Any]


class BadKey(Exception):
    """A key is missing, unknown or holds a wrong value; `key` is its dotted path, `reason` a Chinese half-sentence."""

    def __init__(self, key: str, reason: str):
        super().__init__(f"{key}：{reason}")
        self.key = key
        self.reason = reason


def read_record(record: type, table: Any, path: str = "", special: Mapping[type, Reader] | None = None):
    """Build the dataclass `record` from `table`, whose keys must be exactly the record's fields.

    Every key must be present, so that nothing is decided silently; where a field may be None the file writes "".
    Texts must not be blank and numbers must be positive. `special` reads the types that need a reader of their own.
    Raises BadKey.
    """
    if not isinstance(table, dict):
        raise BadKey(path, "应为一组键（表）")
    hints = get_type_hints(record)
    names = [each.name for each in fields(record)]
    for name in table:
        if name not in names:
            raise BadKey(_join(path, name), "不认识这个键，请检查拼写")
    values = {}
    for name in names:
        if name not in table:
            raise BadKey(_join(path, name), "缺少这个键")
        values[name] = read_value(hints[name], table[name], _join(path, name), special)
    return record(**values)


def read_value(kind: Any, value: Any, path: str, special: Mapping[type, Reader] | None = None) -> Any:
    """Check and convert one value to the annotated type `kind`; raises BadKey."""
    if special and isinstance(kind, type) and kind in special:
        return special[kind](value, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):  # only "X | None"
        inner = next(each for each in arguments if each is not type(None))
        return None if value == "" else read_value(inner, value, path, special)
    if origin is tuple:
        if not isinstance(value, list):
            raise BadKey(path, "应为列表")
        return tuple(read_value(arguments[0], each, f"{path}[{n}]", special) for n, each in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise BadKey(path, "应为一组键（表）")
        return {
            read_value(arguments[0], name, _join(path, name), special): read_value(
                arguments[1], each, _join(path, name), special
            )
            for name, each in value.items()
        }
    if is_dataclass(kind):
        return read_record(kind, value, path, special)
    return _read_plain(kind, value, path)


def _read_plain(kind: Any, value: Any, path: str) -> Any:
    if get_origin(kind) is Literal:
        return _choose(get_args(kind), value, path)
    if issubclass(kind, StrEnum):
        return kind(_choose([str(each) for each in kind], value, path))
    wanted = {bool: "应为 true 或 false", int: "应为正整数", str: "应为不空的文字"}[kind]
    # type() and not isinstance(): true is an int to Python, never to the author of a settings file.
    if type(value) is not kind or (kind is int and value <= 0) or (kind is str and not value.strip()):
        raise BadKey(path, wanted)
    return value


def _choose(choices: Any, value: Any, path: str) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise BadKey(path, f"只能是{'、'.join(choices)}之一")
    return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
