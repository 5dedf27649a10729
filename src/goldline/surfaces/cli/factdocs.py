"""The reference pages of facts and of settings, made from the source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from typing import Any, Final

from goldline.core import settings
from goldline.core.facts.merge import Fact
from goldline.core.facts.question import Question
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.settings import PREFIX, Settings

_FACTS: Final = """# Subjects and facts

What a policy may name: `on` is one of these subjects, and every expression reads its facts
([the language](policy-language.md)). A fact is null until an event has told it. Money is written in major units in a
policy. Made by `goldline docs facts`.
"""
_SETTINGS: Final = """# Settings

Read once at the start, from the environment and from a TOML file: `GOLDLINE_CONFIG`, or `goldline.toml` in
`GOLDLINE_HOME`. The environment wins. In the file a setting is its name without `GOLDLINE_`, in lower case. A setting
nobody knows is refused. Lists are separated by commas in the environment. Made by `goldline docs settings`.

| Setting | Default | What it is for |
|---|---|---|
"""


def facts_page(vocabulary: Vocabulary) -> str:
    """Every subject with its facts, as Markdown."""
    asked = (line for question in vocabulary.questions.values() for line in _question(question))
    return "\n".join([_FACTS, *(line for subject in vocabulary for line in _subject(subject)), *asked])


def _question(question: type[Question]) -> Iterator[str]:
    """What a decision on a question may name beside the facts of its subject."""
    yield f"## `{question.kind}`, a question about `{question.of.kind}`\n"
    yield f"{_paragraph(inspect.getdoc(question) or '')} A ground names these facts and all of `{question.of.kind}`.\n"
    yield "| Fact | Type | What it is |"
    yield "|---|---|---|"
    own = set(question.of.types())
    for name, kind in question.types().items():
        if name not in own:
            yield f"| `{name}` | {kind.value} | {_cell(question.meaning(name))} |"
    yield ""


def _subject(subject: type[Subject]) -> Iterator[str]:
    yield f"## `{subject.kind}`\n"
    yield f"{_paragraph(inspect.getdoc(subject) or '')}\n"
    yield "| Fact | Type | What it is |"
    yield "|---|---|---|"
    for name, fact in subject.facts.items():
        yield f"| `{name}` | {fact.type.value} | {_meaning(fact)} |"
    yield ""


def _meaning(fact: Fact) -> str:
    derived = f"derived: `{fact.expression}`" if fact.rule == "derived" and fact.expression else ""
    inherited = f"inherited from `{fact.of}`" if fact.of else ""
    return _cell("; ".join(part for part in (fact.about, derived, inherited) if part))


def settings_page() -> str:
    """Every setting with its default, as Markdown."""
    about = _attribute_docs()
    rows = (
        f"| `{_key(each.name)}` | {_default(each.default)} | {_cell(about[each.name])} |" for each in fields(Settings)
    )
    return _SETTINGS + "\n".join(rows) + "\n"


def _attribute_docs() -> dict[str, str]:
    """The text under each attribute of the settings; a setting without one is a KeyError."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    return {
        before.target.id: after.value.value
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }


def _key(name: str) -> str:
    return "DATABASE_URL" if name == "database_url" else PREFIX + name.upper()


def _default(value: Any) -> str:
    shown = str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, tuple) else value
    return f"`{shown}`" if shown not in (None, "") else "none"


def _paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
