"""Grades of the four values: what raises, lowers and holds down, and that the model is what its captions give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.core.errors import GoldlineError
from goldline.market.quality.codebook import FILE, VALUES, read, shipped
from goldline.market.quality.grade import Known, grade, overall, shipped_model

ROOT = Path(__file__).parents[2]
CAPTIONS = [
    line.split("|", 2)[2].strip()
    for line in (ROOT / "tests/quality/captions.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
HYPE = ["全网最低价", "绝对有效", "史上最强", "神器", "快抢", "闭眼入", "The best ever", "Hurry!!"]


def test_the_model_is_what_its_captions_give() -> None:
    """Trained again, offline, it is the file that is shipped, to the digit."""
    done = subprocess.run([sys.executable, "tools/train_quality.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert shipped_model().codebook == shipped().version


@given(st.sampled_from(CAPTIONS), st.lists(st.sampled_from(HYPE), min_size=1, max_size=4))
def test_hype_never_gains(text: str, hype: list[str]) -> None:
    """Words of hype or pressure put behind any caption raise none of the four values."""
    before, after = grade(text), grade(f"{text} {' '.join(hype)}")
    for one, other in zip(before, after, strict=True):
        assert other.points <= one.points


@given(st.text(max_size=300))
def test_any_text_has_grades(text: str) -> None:
    """Whatever it is made of: four grades from one to five, every place inside the text."""
    grades = grade(text)
    assert [each.value for each in grades] == list(VALUES)
    for each in grades:
        assert 1 <= each.points <= 5
        assert 1 <= each.level <= 5
        assert all(0 <= place.start < place.end <= len(text) for place in each.places)


def test_the_examples_of_the_codebook_hold() -> None:
    """The positive example of each value stands well above the negative one, in both languages."""
    for number, value in enumerate(shipped().value):
        for language in ("en", "zh-Hans"):
            good, bad = grade(value.positive[language])[number], grade(value.negative[language])[number]
            assert good.points >= bad.points + 0.75, (value.id, language, good.points, bad.points)


def test_what_would_raise_it_does() -> None:
    """The sign named first, written into the text, raises the value by what was said."""
    text = "这件外套很好看"
    honest = grade(text)[0]
    sign, gain = next(pair for pair in honest.would_raise if pair[0].id == "price")
    assert grade(f"{text} 199 元")[0].points == pytest.approx(honest.points + gain)
    assert sign.title["zh-Hans"] == "说明价格"


def test_evidence_holds_a_value_down() -> None:
    """Words that break a norm, goods that come back: a ceiling, named; what is unknown holds nothing down."""
    text = "实测对比了三款,检测报告在图上,用了两个月"
    free, held = grade(text)[1], grade(text, Known(hits=3))[1]
    assert free.points > 3
    assert free.held is None
    assert held.points == 2
    assert held.held is not None
    assert held.held.when == "hits"
    assert grade(text, Known(refunded=0.2))[1] == free
    assert overall(grade(text, Known(hits=3))) < overall(grade(text))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id       = "credible"', 'id       = "funny"', "funny"),
        ("'不建议'", "'(不建议'", "no pattern"),
        ('en = "Honest", "zh-Hans" = "实在"', 'en = "Honest"', "both languages"),
        ("'不建议'", "'不建议.*'", "without end"),
        ("'不建议'", "'不建议{2,}'", "without end"),
        ('id    = "measure"', 'id    = "price"', "one id"),
        ("over  = 2", 'over  = "x"', "ceiling"),
    ],
)
def test_a_bad_codebook_is_refused(old: str, new: str, said: str) -> None:
    """With what is wrong and where."""
    text = FILE.read_text("utf-8")
    assert old in text
    with pytest.raises(GoldlineError, match=said):
        read(text.replace(old, new, 1), "mine.toml")
