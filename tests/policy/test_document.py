"""The places of keys and values in TOML texts."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from goldline.core.policy.diagnostic import Source
from goldline.core.policy.document import Document, Path, read

TEXT = '''\
# a comment = "no key"
top.inner = 1   # after
[pack]
title = { en = "A # \\"b\\"", "zh-Hans" = '准' }
list = [1, "two", {z = 3}, [
  4 ], # five
]
[[promise]]
id = """
first \\
   second"""
[[promise.remedy]]
pay = 'x'
[[promise]]
[[promise.remedy]]
pay = 2026-01-01T00:00:00Z
[[promise.remedy]]
pay = 1.5
'''


def document(text: str) -> Document:
    """A text that is TOML, read."""
    found = read(Source("a.toml", text))
    assert found is not None
    return found


def value_at(values: Any, path: Path) -> Any:
    """The value of a path."""
    for step in path:
        values = values[step]
    return values


def test_every_value_is_located() -> None:
    """Each path leads to the text it was written as."""
    found = document(TEXT)
    written = {path: TEXT[slice(*mark.value)] for path, mark in found.marks.items()}
    assert written["top", "inner"] == "1"
    assert written["pack", "title", "en"] == '"A # \\"b\\""'
    assert written["pack", "list", 2, "z"] == "3"
    assert written["pack", "list", 3, 0] == "4"
    assert written["promise", 0, "remedy", 0, "pay"] == "'x'"
    assert written["promise", 1, "remedy", 0, "pay"] == "2026-01-01T00:00:00Z"
    assert written["promise", 1, "remedy", 1, "pay"] == "1.5"


def test_letters_of_a_text_are_located() -> None:
    """Each character of a decoded text has its place, escapes and folded lines included."""
    found = document(TEXT)
    letters = found.marks["promise", 0, "id"].letters
    assert len(letters) == len(tomllib.loads(TEXT)["promise"][0]["id"]) == len("first second")
    assert TEXT[letters[6]] == "s"
    assert TEXT[found.marks["pack", "title", "en"].letters[4]] == "\\"


keys = st.text("abc-_0", min_size=1, max_size=3) | st.just('"a b"')
scalars = st.sampled_from(
    ["1", "'x # y'", '"a\\tb"', '"""m\nn"""', "true", "2026-01-01", "[1, 'b']", "{ k = 'v', l.m = 2 }"]
)


@given(st.lists(st.tuples(st.sampled_from(["", "[{}]\n", "[[{}]]\n"]), keys, keys, scalars), max_size=8))
def test_any_accepted_text_is_located_in_full(lines: list[tuple[str, str, str, str]]) -> None:
    """Whatever tomllib accepts, every value has a place, and a text has as many places as characters."""
    text = "".join(f"{head.format(name)}{key} = {value} # c\n" for head, name, key, value in lines)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    marks = document(text).marks
    for path in leaves(values):
        assert path in marks
        value = value_at(values, path)
        if isinstance(value, str):
            assert len(marks[path].letters) == len(value)


def leaves(values: Any, path: Path = ()) -> list[Path]:
    """The paths of all values that are not tables or lists."""
    if isinstance(values, dict):
        return [leaf for key, each in values.items() for leaf in leaves(each, (*path, key))]
    if isinstance(values, list):
        return [leaf for n, each in enumerate(values) for leaf in leaves(each, (*path, n))]
    return [path]
