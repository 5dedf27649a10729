"""The one spelling: what becomes of each evasion, and that every unit leads back to where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldline.market.screening.matcher import matcher
from goldline.market.screening.normaliser import calmed, normalise, spellings

SPELT = {
    "ｖ信：加VX➕徽❤信": "v信加vx加徽信",
    "治\u200b疗 療效": "治疗疗效",
    "最★佳 國家級": "最佳国家级",
    "①②③ 𝓥𝓧": "123 vx",
    "第一 壹贰〇": "第1120",
    "The  best -- CURE, ever!": "the best cure ever",
    "Café": "cafe",
    "vⅹ": "vx",
    "соre": "core",
    "½ ㎏": "12 kg",
    "💊": "药",
    "": "",
    "\ud800最佳": "最佳",
}
TEXTS = st.text(alphabet=st.sampled_from("最佳治疗微信ab1 ，。❤★①ﬁ½é\u200b\n\x1e😀國級龘"), max_size=24)


@pytest.mark.parametrize("text", SPELT)
def test_an_evasion_is_undone(text: str) -> None:
    """Width, case, script, numerals, look-alikes, what is invisible and what stands between."""
    assert spellings([text]) == [SPELT[text]]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_batch_is_its_texts(texts: list[str]) -> None:
    """A text is spelt the same alone and among others, and every unit comes from inside its own text."""
    together = normalise(texts)
    assert spellings(texts) == [spellings([text])[0] for text in texts]
    assert len(together.starts) == len(texts)
    assert (together.origin[1:] >= together.origin[:-1]).all()
    for row, text in enumerate(texts):
        end = together.starts[row + 1] if row + 1 < len(texts) else len(together.units)
        inside = together.origin[together.starts[row] : end] - together.joined[row]
        assert ((inside >= 0) & (inside <= len(text))).all()


def test_repetition_is_calmed_with_its_whole_place() -> None:
    """Three or more become one, which stands for all of them."""
    calm = calmed(normalise(["很好", "治治治治疗", "ok"]))
    assert calm is not None
    assert calm.spelling(0, 2) == "治疗"
    assert (calm.origin[0] - calm.joined[1], calm.until[0] - calm.joined[1]) == (0, 3)
    assert calmed(normalise(["很好"])) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("最佳治疗ab", min_size=1, max_size=4), min_size=1, max_size=12, unique=True),
    st.text("最佳治疗ab。", max_size=60),
)
def test_both_engines_find_the_same(words: list[str], text: str) -> None:
    """Every place of every pattern, in the same order, whichever engine the machine runs."""
    patterns = [word.encode() for word in words]
    found = matcher(patterns, "automaton").find(text.encode())
    assert matcher(patterns).find(text.encode()) == found
    assert len(found) == sum(text.startswith(word, at) for word in words for at in range(len(text)))
