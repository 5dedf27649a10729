"""An explanation as text for a terminal, in either language."""

from __future__ import annotations

from collections.abc import Iterator

from goldline.core.facts.coverage import NoticeTold
from goldline.core.judge.sentence import Language, account, amount, duration, instant, reason, shown, word
from goldline.core.judge.told import Clause, Explanation, FindingTold, PromiseTold


def told(explanation: Explanation, language: Language) -> str:
    """For a terminal: a paragraph a promise: its sentence, then its times, evidence, values and money.

    What is within the subject follows under its own heading.
    """
    head = f"{word(explanation.kind, language)} {explanation.key}  ({instant(explanation.now)})"
    notices = [_notice(each, language) for each in explanation.notices]
    own = ("\n".join(_promise(each, language)) for each in explanation.promises)
    return "\n\n".join([head, *notices, *own, *(told(each, language) for each in explanation.within)])


def _notice(notice: NoticeTold, language: Language) -> str:
    """What a notice did to the clocks, and why."""
    what = "notice_void" if notice.moved_to is None else "notice_shift"
    at = instant(notice.moved_to or notice.voided_at or notice.published_at)
    said = word(what, language).format(id=notice.id, at=at, why=notice.reason.get(language, notice.reason["en"]))
    source = f"  [{notice.clause}]" if notice.clause else ""
    ended = word("notice_withdrawn", language).format(at=instant(notice.withdrawn_at)) if notice.withdrawn_at else ""
    return f"{said}{ended}{source}"


def _promise(promise: PromiseTold, language: Language) -> Iterator[str]:
    yield promise.summary[language]
    source = f", {promise.clause}, {word('grade', language)} {promise.grade or '-'}" if promise.clause else ""
    yield f"  {promise.about[language]}  [{promise.policy}, {word('version', language)} {promise.version}{source}]"
    yield _times(promise, language)
    yield f"  {word('evidence', language)} ({word('now', language)})"
    for each in promise.evidence:
        about = f"  ({each.about})" if each.about and language == "en" else ""
        yield f"    {each.name} = {shown(each.value, each.type, promise.currency, language)}{about}"
    # What a finding was judged on may differ from what is known since: it is said which of the two is shown.
    when = word("seen", language).format(at=instant(promise.seen_at)) if promise.seen_at else word("now", language)
    yield f"  {word('nodes', language)} ({when})"
    for clause in promise.clauses:
        yield from _clause(clause, promise.currency, language)
    for finding in promise.findings:
        yield from _finding(finding, language)


def _times(promise: PromiseTold, language: Language) -> str:
    done = instant(promise.kept_at) if promise.kept_at else word("not_yet", language)
    grace = f", {word('grace', language)} {instant(promise.judge_at)}" if promise.grace_s else ""
    return (
        f"  {word('made', language)} {instant(promise.made_at)}, {word('due', language)} {instant(promise.due_at)}"
        f"{grace}, {word('done_at', language)} {done}"
    )


def _clause(clause: Clause, currency: str, language: Language) -> Iterator[str]:
    after = f" ({word('after', language).format(late=duration(clause.after_s, language))})" if clause.after_s else ""
    yield f"    {word(f'clause_{clause.name}', language)}{after}: {clause.text}"
    for node in clause.nodes:
        whole = node.label == clause.text and len(clause.nodes) > 1
        yield f"      {'' if whole else f'{node.label} '}= {shown(node.value, node.type, currency, language)}"


def _finding(finding: FindingTold, language: Language) -> Iterator[str]:
    late = word("late_by", language).format(
        late=duration((finding.found_at - finding.due_at).total_seconds(), language)
    )
    status = word(f"status_{finding.status}", language)
    yield f"  {word('findings', language)} {finding.id} {status} {instant(finding.found_at)} ({late})"
    for remedy in finding.remedies:
        owed = f"{amount(remedy.amount_minor, remedy.currency)} {word(remedy.kind, language)}"
        state = word(remedy.state, language).format(why=reason(remedy.why, language))
        givers = account(remedy.charged_to, language)
        if remedy.share_to is not None:
            rest, part = remedy.amount_minor - remedy.share_minor, remedy.share_minor
            givers += f" {amount(rest, remedy.currency)} + {account(remedy.share_to, language)}"
            givers += f" {amount(part, remedy.currency)}"
        yield f"    {owed} {state}: {givers} -> {account(remedy.payee, language)}"
        for line in remedy.postings:
            moved = f"{account(line.account, language)} {amount(line.amount_minor, line.currency)}"
            yield f"      {instant(line.posted_at)} {word(line.reason, language)} {moved}"
