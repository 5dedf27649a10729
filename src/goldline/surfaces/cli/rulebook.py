"""The rule book as a page: each published rule, the policies that carry it, their cases, and how sure it is.

The rows lie beside the pack in rulebook.toml. The page is made from them and from the pack itself, so it cannot name a
policy that is not there, nor leave one out.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldline.core.errors import GoldlineError
from goldline.core.policy.case import Case, read_cases
from goldline.core.policy.decision import Decision
from goldline.core.policy.pack import Pack
from goldline.core.policy.promise import Promise

ROWS_FILE: Final = "rulebook.toml"
_PREFACE: Final = """\
# The rule book

Every published rule between payment and the end of after-sales, in our own words; the policies of the pack
`{pack}` that carry it; how many cases test them; and its grade: **A** the official text was read, **A2** a secondary
page was, **K** general knowledge, **U** unclear. A figure that nobody published is a parameter without a value, and
what needs it is not in force. Written by `goldline docs rulebook`; do not edit.

{rules} rules: {carried} carried by {policies} policies with {cases} cases, {open} open.
"""

_HEADING: Final = "| rule | source | grade | policies (cases) | why not, or what is uncertain |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Rule:
    """One published rule, and what became of it."""

    section: str
    text: str
    clause: str
    grade: str
    policies: tuple[str, ...]
    why: str


def rules(pack: Pack) -> list[Rule]:
    """The rows beside the pack. Raises GoldlineError('rulebook_wrong') when they and the pack do not agree."""
    path = pack.path.parent / ROWS_FILE
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["rule"] if path.is_file() else []
    found = [_rule(row) for row in rows]
    known = {policy.id for policy in _written(pack)}
    named = {policy for rule in found for policy in rule.policies}
    wrong = [f"'{each}' is no policy" for each in sorted(named - known)]
    wrong += [f"the policy '{each}' carries no rule" for each in sorted(known - named)]
    wrong += [
        f"'{rule.text}' has neither a policy nor a reason" for rule in found if not rule.policies and not rule.why
    ]
    if wrong:
        message = f"The rule book of '{pack.id}' does not fit its policies: {'; '.join(wrong)}."
        raise GoldlineError(message, code="rulebook_wrong", where=str(path), hint=f"Correct {ROWS_FILE}.")
    return found


def _rule(row: dict[str, Any]) -> Rule:
    policies = tuple(row.get("policies", ()))
    return Rule(row["section"], row["rule"], row.get("clause", ""), row["grade"], policies, row.get("why", ""))


def page(pack: Pack) -> str:
    """The whole page as Markdown."""
    rows, cases = rules(pack), read_cases(pack)
    counts = Counter(case.policy.partition(".")[2] for case in cases)
    carried = sum(bool(rule.policies) for rule in rows)
    preface = _PREFACE.format(
        pack=pack.id, rules=len(rows), carried=carried, open=len(rows) - carried, cases=len(cases),
        policies=len({policy.id for policy in _written(pack)}),
    )  # fmt: skip
    return "\n".join([preface, *_sections(rows, counts), *_policies(pack, cases), *_parameters(pack)])


def _sections(rows: list[Rule], counts: Counter[str]) -> Iterator[str]:
    for section in dict.fromkeys(rule.section for rule in rows):
        yield f"## {section}\n\n{_HEADING}"
        for rule in rows:
            if rule.section == section:
                named = ", ".join(f"[{each}](#{each}) ({counts[each]})" for each in rule.policies)
                yield f"| {rule.text} | {rule.clause} | {rule.grade} | {named} | {rule.why} |"
        yield ""


def _written(pack: Pack) -> list[Promise | Decision]:
    """Everything the pack rules, promises first."""
    return [*pack.written, *pack.decisions]


def _policies(pack: Pack, cases: list[Case]) -> Iterator[str]:
    yield "## Policies and their cases\n"
    written = _written(pack)
    for own_id in dict.fromkeys(policy.id for policy in written):
        versions = [policy for policy in written if policy.id == own_id]
        last = versions[-1]
        yield f"### {own_id}\n"
        yield f"{last.title['en']} · {last.title['zh-Hans']}. {last.about['en']} {last.about['zh-Hans']}\n"
        yield from (_version(policy) for policy in versions)
        own = [case.name for case in cases if case.policy == last.policy]
        yield ("\nCases: " + "; ".join(own) + ".\n") if own else "\nNo cases: it is not in force.\n"


def _version(policy: Promise | Decision) -> str:
    since, until = policy.effective_from, policy.effective_until
    bounds = f", in force {since or '…'} to {until or '…'} by `{policy.by}`" if since or until else ""
    resting = policy.asleep if isinstance(policy, Decision) else policy.dormant
    asleep = sorted({name for each in resting for name in each.parameters})
    waits = f"; waits for {', '.join(f'`{name}`' for name in asleep)}" if asleep else ""
    source = f"{policy.clause or 'no published text'}, grade {policy.grade or '–'}"
    return f"- version {policy.version}: {source}{bounds}{waits}"


def _parameters(pack: Pack) -> Iterator[str]:
    yield "## Parameters\n\n| name | type | grade | value | what it is |\n|---|---|---|---|---|"
    for name, each in pack.definitions.parameters.items():
        value = "none" if each.value is None else str(each.value)
        yield f"| `{name}` | {each.kind} | {each.grade or '–'} | {value} | {each.about.get('en', '')} |"
    yield ""


def write(pack: Pack, path: Path) -> None:
    """Write the page of a pack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(pack), encoding="utf-8")
