"""Screening text: the whole path from text to hits with 5,000 terms, and one text asked about over HTTP.

Terms are words of a dictionary, drawn by a seed. Texts are real reviews where GOLDLINE_DATA has them, and made of the
same dictionary's words otherwise. Seconds are of one core's time, which others at work on the machine do not lengthen.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.place import BenchError, Place, install_tables
from bench.row import Row, median_row
from bench.site import Site, site
from goldline.market.screening.lexicon import Clause, Lexicon, Term
from goldline.market.screening.normaliser import normalise
from goldline.market.screening.screen import Screen
from goldline.market.vocabulary import vocabulary

TERMS = 5_000
SHORT = 24  # characters of a short text: a title, a bullet comment
RUNS = 5
LAW = Clause("bench", {"en": "none", "zh-Hans": "无"}, "-", unchecked=True)


def run(place: Place) -> list[Row]:
    """Screen in batches, compare with what else there is, ask one by one."""
    texts, runs, asked = place.pick((60_000, RUNS, 4_000), (20_000, 3, 1_000), (300, 1, 20))
    words = _words()
    screen, spelt = Screen(_lexicon(words, "NCP")), Screen(_lexicon(words, "N"))
    long, real = _texts(texts, words)
    short = [text[:SHORT] for text in long]
    _check(screen, long[:200], words)
    megabytes = sum(len(text.encode()) for text in long) / 1e6
    took = _timed(lambda: screen.hits_of(long), runs)
    took_spelt = _timed(lambda: spelt.hits_of(long), runs)
    took_short = _timed(lambda: screen.hits_of(short), runs)
    whole = {"real_reviews": real, "texts": len(long), "MB": megabytes, "terms": TERMS, **_others(long, words, place)}
    rows = [
        median_row("screening", "text screened for 5,000 terms, a second of one core", "MB/s",
                   [megabytes / each for each in took], reach=120, detail=whole),
        median_row("screening-spelt", "the same by spelling alone, without split characters and sounds", "MB/s",
                   [megabytes / each for each in took_spelt]),
        median_row("screening-short", f"texts of at most {SHORT} characters screened, a second of one core", "texts/s",
                   [len(short) / each for each in took_short], reach=500_000),
    ]  # fmt: skip
    return [*rows, _one_by_one(place, long[:asked])]


def _words() -> list[str]:
    from pypinyin import phrases_dict

    known = sorted(word for word in phrases_dict.phrases_dict if 3 <= len(word) <= 6)
    return [known[number] for number in np.random.default_rng(5).permutation(len(known))[:TERMS]]


def _lexicon(words: Sequence[str], channels: str) -> Lexicon:
    terms = [
        Term(
            f"b{number}", (word,), "absolute", LAW, "cn", "zh", "notice", frozenset(channels), word, "",  # type: ignore[arg-type]
            {"en": "", "zh-Hans": ""},
        )
        for number, word in enumerate(words)
    ]  # fmt: skip
    return Lexicon(tuple(terms), "bench", {LAW.id: LAW})


def _texts(count: int, words: Sequence[str]) -> tuple[list[str], bool]:
    root = Path(os.environ.get("GOLDLINE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    file = root / "cn_reviews" / "online_shopping_10_cats.parquet"
    if file.is_file():
        from pyarrow import parquet

        rows = parquet.read_table(file, columns=["review"]).column(0).to_pylist()
        return [row for row in rows if row][:count], True
    from pypinyin import phrases_dict

    known = sorted(set(phrases_dict.phrases_dict) - set(words))
    random = np.random.default_rng(6)
    drawn = random.integers(0, len(known), (count, 20))
    made = ["，".join(known[number] for number in row) for row in drawn]
    return [text + (words[each % TERMS] if each % 20 == 0 else "") for each, text in enumerate(made)], False


def _check(screen: Screen, texts: Sequence[str], words: Sequence[str]) -> None:
    """What the plain words of the texts are must be found: a fast wrong answer is worth nothing."""
    spelt = normalise(texts)
    starts = [*spelt.starts.tolist(), len(spelt.units)]
    found = screen.hits(list(texts))
    for row, (start, end) in enumerate(pairwise(starts)):
        plain = spelt.spelling(start, end - 1)
        there = {word for word in words if word in texts[row] and word in plain}
        seen = {screen.lexicon.terms[hit.term].terms[0] for hit in found.get(row, []) if hit.channel == "N"}
        missed = {word for word in there - seen if not any(word in other for other in seen)}
        if missed:
            raise BenchError(f"{missed.pop()!r} stands in a text and was not found")


def _timed(work: Callable[[], object], runs: int) -> list[float]:
    """Seconds of one core for each run, after one to warm up."""
    work()
    took = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return took


def _others(texts: Sequence[str], words: Sequence[str], place: Place) -> dict[str, float]:
    """MB/s of plain matching by what is commonly used: no normalising, no offsets, one view of the text."""
    sample = list(texts[: place.pick(4_000, 2_000, 50)])
    megabytes = sum(len(text.encode()) for text in sample) / 1e6
    figures = {"ahocorasick_rs_MB/s": megabytes / min(_timed(_rust(sample, words), 2))}
    few = sample[: place.pick(200, 100, 5)]
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    slow = min(_timed(lambda: [list(pattern.finditer(text)) for text in few], 1))
    figures["re_MB/s"] = sum(len(text.encode()) for text in few) / 1e6 / slow
    try:
        import ahocorasick
    except ImportError:
        return figures  # a development package: the comparison is left out where it is not installed
    automaton = ahocorasick.Automaton()
    for number, word in enumerate(words):
        automaton.add_word(word, number)
    automaton.make_automaton()
    figures["pyahocorasick_MB/s"] = megabytes / min(_timed(lambda: [list(automaton.iter(text)) for text in sample], 2))
    return figures


def _rust(texts: Sequence[str], words: Sequence[str]) -> Callable[[], object]:
    from ahocorasick_rs import AhoCorasick, Implementation

    automaton = AhoCorasick(list(words), implementation=Implementation.DFA)
    return lambda: [automaton.find_matches_as_indexes(text, overlapping=True) for text in texts]


def _one_by_one(place: Place, texts: Sequence[str]) -> Row:
    """Milliseconds from a request to its whole answer, one after another on one connection, the shipped lexicon."""
    with place.database("bench_screening") as url:
        install_tables(url, vocabulary(), 1)
        with site(place, url) as where:
            took = np.array(_ask(where, texts)) * 1e3
    p50, p99 = np.percentile(took, [50, 99])
    detail = {"p50_ms": float(p50), "most_ms": float(took.max()), "requests": len(took)}
    return Row("screening-one", "one text screened over HTTP, p99", float(p99), "ms", 3, None, "less", detail=detail)


def _ask(where: Site, texts: Sequence[str]) -> list[float]:
    connection = where.connect()
    headers = {**where.headers, "Content-Type": "application/json"}
    took: list[float] = []
    for number, text in enumerate([*texts[:10], *texts]):
        body = json.dumps({"text": text[:2_000]})
        begin = time.perf_counter()
        connection.request("POST", "/v1/screen", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status == 429:
            time.sleep(float(answer.headers["Retry-After"]))
            continue
        if answer.status != 200:
            raise BenchError(f"a text was answered {answer.status}: {told[:200]!r}")
        if number >= 10:
            took.append(seconds)
    connection.close()
    return took
