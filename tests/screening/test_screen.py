"""What is found however it is spelt, at which place, and what excuses it; streams, hot changes, the command line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from goldline.core.errors import GoldlineError
from goldline.market.screening.evidence import Setting
from goldline.market.screening.lexicon import Lexicon, shipped
from goldline.market.screening.picture import words_in
from goldline.market.screening.screen import Desk, Screen, desk
from goldline.market.screening.stream import Stream
from goldline.surfaces.cli.screening import screen as command

EVADED = {
    "这茶能治疗失眠": "N",
    "这茶能治❤疗失眠": "N",
    "这茶能治\u200b療失眠": "N",
    "这茶能治治治疗失眠": "N",
    "这茶能氵台疗失眠": "C",
    "这茶能zhi liao失眠": "P",
    "这茶能织疗失眠": "P",
}


@pytest.mark.parametrize("text", EVADED)
def test_an_evasion_is_found_at_its_place(text: str) -> None:
    """The slice of the original is told, and by which channel it was found."""
    (hit,) = [each for each in desk().screen().one(text).evidence if each.term.id == "medical.treat"]
    assert (hit.start, hit.end) == (3, len(text) - 2)
    assert hit.text == text[hit.start : hit.end]
    assert hit.channel == EVADED[text]
    assert hit.review_only == (hit.channel == "P")


EXCUSED = {
    "这是我们家最好的一款": "self_comparison",
    "不是最好的面霜": "negated",
    "广告法规定不能说最佳": "negated",
    "最佳食用时间": "usage",
    "国家级非遗": "award",
    "力求最专业": "aspiration",
}


@pytest.mark.parametrize("text", EXCUSED)
def test_what_the_guide_lets_pass_is_excused_with_its_reason(text: str) -> None:
    """An excused hit is still told: evidence is never thrown away."""
    (hit,) = desk().screen().one(text).evidence
    assert (hit.status, hit.excused_by) == ("excused", EXCUSED[text])


def test_who_speaks_and_what_is_sold_count() -> None:
    """A consumer's praise is no advertisement; a licensed medicine may say what it treats."""
    text = "这个降血压最有效"
    screen = desk().screen()
    assert {each.excused_by for each in screen.one(text, Setting("comment")).evidence} == {"consumer_speech"}
    assert "medical.blood-pressure" in {each.term.id for each in screen.one(text).standing}
    drug = screen.one(text, Setting(product="drug"))
    assert "medical.blood-pressure" not in {each.term.id for each in drug.standing}


def test_a_batch_is_each_text_alone() -> None:
    """Answers come in order, clean texts have none, and neighbours do not run together."""
    texts = ["最", "佳", "最佳", "今天天气不错", *EVADED, *EXCUSED]
    screen = desk().screen()
    assert screen.screen(texts) == [screen.one(text) for text in texts]
    assert screen.screen(texts)[0].evidence == ()


def test_both_engines_give_the_same_evidence() -> None:
    """The fallback is the same screen, slower."""
    few = Lexicon(shipped().terms[:40], "few", shipped().clauses)
    texts = [term.example for term in few.terms] + [term.counter for term in few.terms]
    assert Screen(few, engine="automaton").screen(texts) == Screen(few).screen(texts)


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_in_any_pieces_is_the_whole(seed: int) -> None:
    """No hit at a window's edge is lost or told twice."""
    random = Random(seed)
    sentences = [term.example for term in shipped().terms] + [term.counter for term in shipped().terms]
    whole = "。".join(random.choices(sentences, k=120))
    stream, at, found = Stream(desk().screen(), stretch=150), 0, []
    while at < len(whole):
        size = random.randint(1, 90)
        found += stream.feed(whole[at : at + size])
        at += size
    found += stream.close()
    expected = desk().screen().one(whole, Setting("transcript")).evidence
    told = [(each.term.id, each.start, each.end, each.status) for each in found]
    assert told == [(each.term.id, each.start, each.end, each.status) for each in expected]
    assert all(each.text == whole[each.start : each.end] for each in found)


def test_a_new_lexicon_takes_its_place_while_others_screen() -> None:
    """Whoever screens goes on; the version in each answer says by what it was judged."""
    few = Lexicon(shipped().terms[:3], "few", {})
    old = Desk(lambda: Screen(few))
    assert old.screen().one("最佳").lexicon == "few"
    made = threading.Event()

    def make() -> Screen:
        made.wait(10)
        return Screen(Lexicon(few.terms, "new", {}))

    thread = old.renew(make)
    assert old.screen().one("最佳").lexicon == "few"
    made.set()
    thread.join(10)
    assert old.screen().one("最佳").lexicon == "new"


def told(arguments: list[str], given: bytes) -> dict[str, list[dict[str, object]]]:
    """What the command prints as JSON."""
    done = CliRunner().invoke(command, [*arguments, "--format", "json"], input=given)
    assert done.exit_code == 0, done.output
    answer: dict[str, list[dict[str, object]]] = json.loads(done.output)
    return answer


def test_the_command_prints_evidence_and_nothing_for_a_clean_text() -> None:
    """Places are code points of what was given; a clean text gives an empty list and 0."""
    (hit,) = told([], "😀最★佳面霜".encode())["evidence"]
    assert (hit["term"], hit["start"], hit["end"], hit["text"]) == ("absolute.best-of", 1, 4, "最★佳")
    assert hit["gapped"] is True
    assert told([], "今天天气不错".encode())["evidence"] == []
    assert told(["--kind", "comment"], "最佳面霜".encode())["evidence"][0]["status"] == "excused"
    done = CliRunner().invoke(command, [], input="最佳面霜".encode())
    assert "Advertising Law of the PRC, article 9(3)" in done.output


@pytest.mark.parametrize(
    ("arguments", "given", "code"),
    [([], b"\xff\xfe", "bad_encoding"), (["--category", "sofa"], b"", "unknown_setting"),
     (["--kind", "poem"], b"", "unknown_setting"), ([], b"a" * 10_000_001, "too_large")],
)  # fmt: skip
def test_bad_input_is_one_clear_sentence(arguments: list[str], given: bytes, code: str) -> None:
    """Wrong bytes, too many of them, a word nobody knows."""
    fault = CliRunner().invoke(command, arguments, input=given).exception
    assert isinstance(fault, GoldlineError)
    assert fault.code == code
    assert fault.hint


def test_a_picture_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And one that is none, where pictures can be read at all."""
    with pytest.raises(GoldlineError) as caught:
        words_in(tmp_path / "none.png")
    assert caught.value.code == "not_found"
