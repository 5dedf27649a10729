"""An explanation as text for a terminal, in either language."""

from __future__ import annotations

from collections.abc import Iterator

from goldline.core.judge.explanation import Explanation, FindingTold, PromiseTold
from goldline.core.judge.sentence import Language, duration, instant, shown, word
from goldline.core.money import Money


def told(explanation: Explanation, language: Language) -> str:
    """The whole explanation, a paragraph a promise."""
    head = f"{explanation.kind} {explanation.key}  ({instant(explanation.now)})"
    return "\n\n".join([head, *("\n".join(_promise(each, language)) for each in explanation.promises)])


def _promise(promise: PromiseTold, language: Language) -> Iterator[str]:
    yield promise.summary[language]
    yield f"  {promise.about[language]}  [{promise.policy}, {word('version', language)} {promise.version}]"
    kept = instant(promise.kept_at) if promise.kept_at else word("null", language)
    grace = f", {word('grace', language)} {instant(promise.judge_at)}" if promise.grace_s else ""
    yield (
        f"  {word('made', language)} {instant(promise.made_at)}, {word('due', language)} {instant(promise.due_at)}"
        f"{grace}, {word('kept_at', language)} {kept}"
    )
    yield f"  {word('evidence', language)}"
    for each in promise.evidence:
        about = f"  ({each.about})" if each.about and language == "en" else ""
        yield f"    {each.name} = {shown(each.value, each.type, promise.currency, language)}{about}"
    yield f"  {word('nodes', language)}"
    for clause in promise.clauses:
        yield f"    {clause.name}: {clause.text}"
        for node in clause.nodes:
            if node.label != clause.text or len(clause.nodes) == 1:
                yield f"      {node.label} = {shown(node.value, node.type, promise.currency, language)}"
            else:
                yield f"      = {shown(node.value, node.type, promise.currency, language)}"
    for finding in promise.findings:
        yield from _finding(finding, language)


def _finding(finding: FindingTold, language: Language) -> Iterator[str]:
    late = duration((finding.found_at - finding.due_at).total_seconds(), language)
    yield f"  {word('findings', language)} {finding.id} {finding.status} {instant(finding.found_at)} (+{late})"
    for remedy in finding.remedies:
        amount = Money(remedy.amount_minor, remedy.currency)
        state = word(remedy.state, language).format(why=remedy.why)
        yield f"    {amount} {word(remedy.kind, language)} {state}: {remedy.charged_to} -> {remedy.payee}"
        for line in remedy.postings:
            moved = Money(line.amount_minor, line.currency)
            yield f"      {instant(line.posted_at)} {line.reason} {line.account} {moved}"
