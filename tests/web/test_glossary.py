"""The words of the pages: every message keeps to the glossary."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from goldline.core.judge import sentence
from goldline.surfaces.web.templatetags import present
from goldline.surfaces.web.translation import standing

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.toml"
TERMS: list[dict[str, Any]] = tomllib.loads(GLOSSARY.read_text(encoding="utf-8"))["term"]


def test_every_term_is_complete_and_defined_once() -> None:
    """A term has a name, both languages and a meaning; no word names two terms."""
    assert all({"term", "en", "forms", "zh-Hans", "meaning"} <= set(each) for each in TERMS)
    forms = [form for each in TERMS for form in each["forms"]]
    assert sorted(forms) == sorted(set(forms))
    assert all(each["meaning"].endswith(".") and each["en"] for each in TERMS)


def messages() -> list[tuple[str, str]]:
    """English and Chinese of every message of the pages, and of every word and template of an explanation."""
    of_pages = [
        (each.id, each.string) if isinstance(each.id, str) else (each.id[0], each.string[0]) for each in standing()
    ]
    tables = (sentence.WORDS, sentence.WHY)
    told = [(table["en"][key], table["zh-Hans"][key]) for table in tables for key in table["en"]]
    return [(str(english), str(chinese)) for english, chinese in [*of_pages, *told] if english]


def strays(term: dict[str, Any], pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those whose English names the term and whose Chinese does not."""
    named = re.compile(rf"(?<![\w%({{-])({'|'.join(map(re.escape, term['forms']))})(?![\w-])", re.IGNORECASE)
    but = re.compile("|".join(map(re.escape, term.get("but", ["\x00"]))), re.IGNORECASE)
    return [
        (english, chinese)
        for english, chinese in pairs
        if named.search(but.sub("", english)) and not any(word in chinese for word in term["zh-Hans"])
    ]


@pytest.mark.parametrize("term", TERMS, ids=lambda each: str(each["term"]))
def test_every_message_uses_the_glossarys_word(term: dict[str, Any]) -> None:
    """Where an English message or sentence names a term, its Chinese names it by the glossary's word."""
    assert strays(term, messages()) == []


def test_another_word_for_a_term_would_be_seen() -> None:
    """The check itself can fail."""
    held = next(each for each in TERMS if each["term"] == "held")
    assert strays(held, [("held ({why})", "暂缓支付（{why}）"), ("held ({why})", "待复核（{why}）")]) == [
        ("held ({why})", "暂缓支付（{why}）")
    ]


def test_the_sentences_have_the_same_words_in_both_languages() -> None:
    """No word of an explanation lacks a translation, and each keeps its places."""
    for table in (sentence.WORDS, sentence.WHY):
        assert table["en"].keys() == table["zh-Hans"].keys()
        for key, english in table["en"].items():
            assert sorted(re.findall(r"{\w*}", english)) == sorted(re.findall(r"{\w*}", table["zh-Hans"][key])), key


def test_every_state_the_engine_writes_has_a_word() -> None:
    """No page shows a raw state: verdicts, findings, remedies, messages and quarantined events are all named."""
    written = {
        "pending", "kept", "broken", "excused", "standing", "exonerated", "accrued", "paid", "refused", "unknown",
        "held", "void", "ready", "done", "dead", "open", "redriven", "dropped", "ok", "failed",
    }  # fmt: skip
    assert written <= set(present.STATE_WORDS)
