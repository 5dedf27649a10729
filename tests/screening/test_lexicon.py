"""The lexicon: every term's example is found, and its counter-example is let pass; every spelling is found."""

from __future__ import annotations

import pytest

from goldline.core.errors import GoldlineError
from goldline.market.screening.evidence import Setting
from goldline.market.screening.lexicon import Product, Term, read, shipped
from goldline.market.screening.screen import desk

TERMS = shipped().terms


def goods_of(term: Term) -> Product | None:
    """Goods that the term applies to: the first it is for, else none said."""
    return min(term.only, default=None)


def standing(term: Term, text: str) -> list[str]:
    """Terms of the text that stand."""
    return [each.term.id for each in desk().screen().one(text, Setting(product=goods_of(term))).standing]


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.id)
def test_an_example_stands_and_a_counter_example_does_not(term: Term) -> None:
    """The example holds the term and nothing excuses it; the counter-example is excused, or does not hold it."""
    assert term.id in standing(term, term.example), (term.example, desk().screen().one(term.example).as_dict())
    assert term.id not in standing(term, term.counter), term.counter


def test_every_spelling_is_found() -> None:
    """No spelling is dead: each, standing alone, is evidence of its category."""
    spellings = [(term, word) for term in TERMS for word in term.terms]
    answers = (
        desk()
        .screen()
        .screen([word for _, word in spellings], [Setting(product=goods_of(term)) for term, _ in spellings])
    )
    for (term, word), answer in zip(spellings, answers, strict=True):
        assert term.category in {each.term.category for each in answer.evidence}, (term.id, word)


def test_every_term_is_whole() -> None:
    """A clause, a way to say it honestly in both languages, no spelling twice in a term."""
    for term in TERMS:
        assert term.suggestion["en"], term.id
        assert term.suggestion["zh-Hans"], term.id
        assert len(set(term.terms)) == len(term.terms), term.id
        assert term.channels


BAD = {
    "not TOML": "[[group]",
    "lacks": '[[group]]\nterm = [{ id = "x" }]',
    "no clause": '[[group]]\ncategory = "a"\nclause = "none"\nseverity = "notice"\nsuggestion = { en = "a", zh = "b" }'
    '\nterm = [{ id = "x", terms = ["y"], example = "y", counter = "z" }]',
    "does not know": '[[group]]\nfoo = 1\nterm = [{ id = "x" }]',
}


@pytest.mark.parametrize("words", BAD)
def test_a_bad_lexicon_is_refused_by_name(words: str) -> None:
    """The file, the term and the fault are said."""
    with pytest.raises(GoldlineError, match=words) as caught:
        read({"own.toml": BAD[words]})
    assert caught.value.code == "bad_lexicon"
    assert "own.toml" in str(caught.value)
