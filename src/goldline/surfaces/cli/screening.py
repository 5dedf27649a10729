"""`goldline screen`: what in a text breaks an advertising law, where, by which clause, and how to say it honestly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from goldline.core.errors import GoldlineError

BYTES_MOST: Final = 10_000_000


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--category", help="The kind of goods: food, cosmetics, drug, …")
@click.option(
    "--kind", default="caption", show_default=True, help="title, description, caption, transcript or comment."
)
@click.option("--speaker", help="seller or consumer; by default a comment is a consumer's.")
@click.option("--lang", help="zh or en: terms of that language alone.")
@click.option("--images", multiple=True, type=click.Path(path_type=Path), help="A picture whose words are read too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def screen(
    file: Any,
    category: str | None,
    kind: str,
    speaker: str | None,
    lang: str | None,
    images: tuple[Path, ...],
    form: str,
) -> None:
    """Screen FILE, or standard input. Evidence, never a verdict: policies decide. Nothing is stored."""
    from goldline.market.screening.evidence import setting
    from goldline.market.screening.picture import words_in
    from goldline.market.screening.screen import desk

    asked = setting(kind, speaker, category, lang)
    text = "" if images and _name(file) == "standard input" else _text(file)
    text = "\n".join([text, *map(words_in, images)]) if images else text
    answer = desk().screen().one(text, asked)
    click.echo(
        json.dumps(answer.as_dict(), ensure_ascii=False, indent=1) if form == "json" else "\n".join(_lines(answer))
    )


def _text(file: Any) -> str:
    raw: bytes = file.read(BYTES_MOST + 1)
    if len(raw) > BYTES_MOST:
        raise GoldlineError(
            f"The text is over {BYTES_MOST // 1_000_000} MB.",
            code="too_large",
            where=_name(file),
            hint="Screen it in parts.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise GoldlineError(
            f"The text is not UTF-8: byte {fault.start + 1:,} fits no character.",
            code="bad_encoding", where=_name(file), hint="Convert it first, for example with iconv.",
        ) from None  # fmt: skip


def _name(file: Any) -> str:
    name = getattr(file, "name", "<stdin>")
    return "standard input" if name == "<stdin>" else str(name)


def _lines(answer: Any) -> Iterator[str]:
    for each in answer.evidence:
        clause = f"{each.term.clause.law['en']}, article {each.term.clause.article}"
        said = f"stands ({each.probability:.0%})" if each.status == "stands" else f"excused: {each.excused_by}"
        yield f"{each.start}-{each.end}  {each.text!r}  {each.term.category}, {each.term.severity}, {said}"
        yield f"  {clause}{' (not checked)' if each.term.clause.unchecked else ''}; found by channel {each.channel}"
        yield f"  {each.term.suggestion['zh-Hans']} / {each.term.suggestion['en']}"
    standing = len(answer.standing)
    yield f"{standing} of {len(answer.evidence)} stand. Lexicon {answer.lexicon}."
