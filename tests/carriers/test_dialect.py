"""The dialects: every code means one thing in its own dialect, and nothing is guessed."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.connectors.carriers.dialect import NAMES, DialectError, Meaning, Unmapped, dialect, dialects, parse
from goldline.market.incident import at_fault
from goldline.surfaces.cli.scandocs import CODES, page
from tests.carriers.published import carriers

ROOT = Path(__file__).resolve().parents[2]


def scan(name: str, code: str | None, sub: str | None = None) -> str:
    """The canonical code, or the word 'unmapped'."""
    found = dialect(name).read(code, sub)
    return found.scan if isinstance(found, Meaning) else "unmapped"


@pytest.mark.parametrize(
    ("code", "hundred", "bird"),
    [
        ("202", "no_update", "out_for_delivery"),
        ("401", "cancelled", "no_update"),
        ("201", "delayed", "arrived"),
        ("204", "attempt_failed", "arrived"),
        ("205", "delayed", "arrived"),
        ("206", "attempt_failed", "departed"),
        ("2", "delayed", "in_transit"),
        ("4", "returned", "delayed"),
        ("6", "returning", "customs"),
        ("10", "customs", "registered"),
    ],
)
def test_the_same_number_means_other_things(code: str, hundred: str, bird: str) -> None:
    """A number is read in its own dialect only."""
    assert (scan("kuaidi100", code), scan("kdniao", code)) == (hundred, bird)


def test_304_is_a_locker_to_one_and_a_neighbour_to_the_other() -> None:
    """Both are delivered; what happened differs, and is kept."""
    hundred, bird = (dialect(name).read("304") for name in ("kuaidi100", "kdniao"))
    assert isinstance(hundred, Meaning)
    assert isinstance(bird, Meaning)
    assert (hundred.scan, bird.scan) == ("delivered", "delivered")
    assert (hundred.word, bird.word) == ("投柜或站签收", "代收签收")


@pytest.mark.parametrize(
    ("name", "code", "sub", "expected", "incident"),
    [
        ("kuaidi100", "501", None, "ready_for_pickup", None),
        ("kuaidi100", "干线", None, "in_transit", None),
        ("kuaidi100", "209", None, "damaged", "carrier_damaged_parcel"),
        ("aftership", "InTransit", "InTransit_002", "picked_up", None),
        ("aftership", "Exception", "Exception_003", "refused", "consignee_refused"),
        ("aftership", "Exception", "Exception_004", "customs", "customs_delay"),
        ("aftership", "Exception", "Exception_017", "delayed", "weather_delay"),
        ("aftership", "Delivered", "Delivered_099", "delivered", None),
        ("aftership", "Expired", None, "no_update", "unknown"),
        ("seventeentrack", "PickedUp", "InTransit_PickedUp", "picked_up", None),
        ("seventeentrack", None, "Exception_Lost", "lost", "carrier_parcel_lost"),
        ("seventeentrack", "DeliveryFailure", "DeliveryFailure_InvalidAddress", "attempt_failed",
         "consignee_incorrect_address"),
        ("karrio", "on_hold", "customs_documentation", "customs", "customs_documentation"),
        ("karrio", "on_hold", "carrier_damaged_parcel", "damaged", "carrier_damaged_parcel"),
        ("karrio", "on_hold", None, "delayed", "unknown"),
        ("karrio", "delivery_failed", "consignee_refused", "refused", "consignee_refused"),
        ("karrio", "delivery_failed", "consignee_not_home", "attempt_failed", "unknown"),
        ("karrio", "return_to_sender", None, "returning", None),
        ("shopify", "carrier_picked_up", None, "picked_up", None),
        ("shopify", "PICKED_UP", None, "delivered", None),
        ("epcis", "shipping", "in_transit", "picked_up", None),
        ("epcis", "departing", "in_transit", "departed", None),
        ("epcis", "holding", None, "customs", None),
        ("epcis", "holding", "available", "ready_for_pickup", None),
        ("epcis", "shipping", "returned", "returning", None),
        ("epcis", "arriving", "damaged", "damaged", "carrier_damaged_parcel"),
    ],
)  # fmt: skip
def test_a_code_with_its_sub_code(name: str, code: str, sub: str | None, expected: str, incident: str | None) -> None:
    """The finest meaning that is listed decides, and says what went wrong."""
    found = dialect(name).read(code, sub)
    assert isinstance(found, Meaning)
    assert (found.scan, found.incident) == (expected, incident)


@pytest.mark.parametrize(
    ("name", "code", "sub"),
    [
        ("kuaidi100", "999", None),
        ("kdniao", "1001", None),
        ("kuaidi100", "InTransit", None),
        ("aftership", "202", None),
        ("aftership", "Exception", "Exception_099"),
        ("seventeentrack", "Exception", "Exception_New"),
        ("seventeentrack", "DeliveryFailure", "DeliveryFailure_New"),
        ("epcis", "commissioning", "active"),
    ],
)
def test_what_is_not_known_is_not_guessed(name: str, code: str, sub: str | None) -> None:
    """An unknown code, and an unknown kind of an ambiguous one, say so and name the code."""
    found = dialect(name).read(code, sub)
    assert isinstance(found, Unmapped)
    assert name in found.reason
    assert code in found.reason


@pytest.mark.parametrize("name", NAMES)
def test_no_code_is_no_meaning(name: str) -> None:
    """Nothing, or white space, is not a code."""
    for code, sub in product((None, "", "  "), repeat=2):
        assert isinstance(dialect(name).read(code, sub), Unmapped)


@given(name=st.sampled_from(NAMES), code=st.text(max_size=12), sub=st.none() | st.text(max_size=12))
def test_reading_never_fails(name: str, code: str, sub: str | None) -> None:
    """Whatever a vendor sends has a meaning or a reason."""
    found = dialect(name).read(code, sub)
    assert isinstance(found, Meaning) or found.reason


def test_every_meaning_reads_as_itself() -> None:
    """No entry hides another, by case or by table."""
    for each in dialects():
        for one in each.meanings():
            main, _, sub = one.key.partition("/") if one.key.casefold() in each.pairs else (one.key, "", "")
            fine = one.key.casefold() in each.sub_codes
            assert each.read(None if fine else main, one.key if fine else sub or None) == one


def test_every_scan_code_is_spoken_somewhere() -> None:
    """The vocabulary holds no code that no dialect can say, and the page explains each."""
    said = {one.scan for each in dialects() for one in each.meanings()}
    assert said == set(CODES)


def test_an_unknown_dialect_is_refused() -> None:
    """The message names those there are."""
    with pytest.raises(DialectError, match="kuaidi100"):
        dialect("kuaidi101")


@pytest.mark.parametrize(
    "row",
    [
        {"is": "teleported", "about": "x"},
        {"is": "lost", "incident": "carrier_ate_it", "about": "x"},
        {"is": "lost", "about": ""},
        {"is": "lost", "about": "x", "grade": "Z"},
    ],
)
def test_a_table_with_a_meaning_that_does_not_exist_is_refused(row: dict[str, str]) -> None:
    """A typing error in a dialect is found when it is read."""
    head = {"title": "t", "grade": "K", "source": "s"}
    with pytest.raises(DialectError, match="does not exist"):
        parse("shopify", {"dialect": head, "codes": {"X": row}})


def test_who_is_at_fault() -> None:
    """The party stands in the incident; force majeure is nobody's."""
    assert at_fault("carrier_sorting_error") == "carrier"
    assert at_fault("consignee_not_home") == "consignee"
    assert at_fault("customs_delay") == "customs"
    assert at_fault("weather_delay") == at_fault("natural_disaster") == "nobody"
    assert at_fault("unknown") == "unknown"


def test_the_page_is_up_to_date() -> None:
    """What is committed is what the dialects say; `goldline docs scans` writes it."""
    text = (ROOT / "docs" / "reference" / "scan-codes.md").read_text(encoding="utf-8")
    assert text == page(dialects()), "scan-codes.md is stale: run `goldline docs scans`"


@pytest.mark.data
@pytest.mark.parametrize(("name", "table", "codes"), [("kuaidi100", "kuaidi100", 36), ("kdniao", "kdniao_StateEx", 41)])
def test_every_public_code_is_mapped_under_its_own_word(name: str, table: str, codes: int) -> None:
    """No code of the published vocabularies is missing, invented or named differently."""
    rows = json.loads((carriers() / "cn" / "status_vocab.json").read_text(encoding="utf-8"))[table]["rows"]
    public = {str(row["code"]): row.get("code_name") or row["name"] for row in rows}
    assert {key: one.word for key, one in dialect(name).codes.items()} == public
    assert len(public) == codes
    assert all(dialect(name).read(word) == dialect(name).read(code) for code, word in public.items())
