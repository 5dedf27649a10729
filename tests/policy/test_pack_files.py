"""Packs of several files: read as one, with their cases, and faults named in the file they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.policy.case import run_cases
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import Pack, load
from goldline.market.vocabulary import vocabulary

Database = Connection[Any]
HEAD = """\
[pack]
id = "shop"
currency = "EUR"
title = { en = "Shop", "zh-Hans" = "商城" }
files = ["shipping.toml"]
"""
PROMISE = """\
[[promise]]
id = "ship-by"
on = "order"
title = { en = "Ships on time", "zh-Hans" = "按时发货" }
about = { en = "Handed over in time.", "zh-Hans" = "按时交付。" }
made_at = "paid_at"
due_at = "ship_by"
kept_at = "picked_up_at"
"""
CASE = """\
[[case]]
name = "not shipped"
policy = "ship-by"
at = 2026-03-04T00:00:00Z
facts = { paid_at = 2026-03-01T00:00:00Z, ship_stated = 2026-03-03T00:00:00Z }
expect = { state = "broken" }
"""


def folder(tmp_path: Path, **files: str) -> Path:
    """A folder with these files; the name's first underscore stands for its point."""
    for name, text in files.items():
        (tmp_path / f"{name.replace('_', '.')}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def shop(where: Path) -> Pack:
    """The pack of a folder, read with the market's vocabulary."""
    return load(where, vocabulary())


def test_the_promises_of_every_file_are_one_pack(tmp_path: Path, database: Database) -> None:
    """A promise of a further file belongs to the pack, and the cases beside that file are run."""
    pack = shop(folder(tmp_path, policies=HEAD, shipping=PROMISE, shipping_cases=CASE))
    assert [each.policy for each in pack.promises] == ["shop.ship-by"]
    (result,) = run_cases(database, pack)
    assert result.passed
    assert result.case.where == "shipping.cases.toml:1"


def test_a_fault_is_told_in_its_file(tmp_path: Path) -> None:
    """The place of a fault names the file it is in."""
    with pytest.raises(PolicyError) as refused:
        shop(folder(tmp_path, policies=HEAD, shipping=PROMISE.replace("ship_by", "ship_bye")))
    (fault,) = refused.value.diagnostics
    assert Path(fault.file).name == "shipping.toml"
    assert (fault.line, fault.hint) == (7, "did you mean 'ship_by'?")


@pytest.mark.parametrize("name", ["missing.toml", "../policies.toml", "policies"])
def test_a_file_that_is_not_beside_it_is_refused(tmp_path: Path, name: str) -> None:
    """Only TOML files of the same folder can belong to a pack."""
    with pytest.raises(PolicyError, match="there is no file"):
        shop(folder(tmp_path, policies=HEAD.replace("shipping.toml", name), shipping=PROMISE))


def test_only_the_first_file_has_a_head(tmp_path: Path) -> None:
    """A further file with a [pack] table of its own is refused."""
    with pytest.raises(PolicyError, match="unknown key 'pack'"):
        shop(folder(tmp_path, policies=HEAD, shipping=HEAD + PROMISE))


def test_a_list_of_files_is_a_list_of_texts(tmp_path: Path) -> None:
    """Anything else is refused."""
    with pytest.raises(PolicyError, match="must be a list of texts"):
        shop(folder(tmp_path, policies=HEAD.replace('["shipping.toml"]', '"shipping.toml"'), shipping=PROMISE))
