"""The words of the pages: every message keeps to the glossary."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("term", TERMS, ids=lambda each: str(each["term"]))
def test_every_message_uses_the_glossarys_word(term: dict[str, Any]) -> None:
    """Where an English message names a term, its Chinese names it by the glossary's word."""
    named = re.compile(rf"(?<![\w%(-])({'|'.join(map(re.escape, term['forms']))})(?![\w-])", re.IGNORECASE)
    wrong = []
    for message in standing():
        english = message.id if isinstance(message.id, str) else message.id[0]
        shortened = re.sub("|".join(map(re.escape, term.get("but", ["\x00"]))), "", english, flags=re.IGNORECASE)
        chinese = message.string if isinstance(message.string, str) else message.string[0]
        if english and named.search(shortened) and not any(word in chinese for word in term["zh-Hans"]):
            wrong.append((english, chinese))
    assert wrong == []


def test_every_state_the_engine_writes_has_a_word() -> None:
    """No page shows a raw state: verdicts, findings, remedies, messages and quarantined events are all named."""
    written = {
        "pending", "kept", "broken", "excused", "standing", "exonerated", "accrued", "paid", "refused", "unknown",
        "held", "void", "ready", "done", "dead", "open", "redriven", "dropped", "ok", "failed",
    }  # fmt: skip
    assert written <= set(present.STATE_WORDS)
