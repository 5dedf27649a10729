"""The reference page of permissions, made from the matrix that is enforced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from goldline.core.member import ROLES
from goldline.surfaces.web.permission import BOUND, KEY_COLUMNS, Grant, Matrix

_HEAD: Final = """# Permissions

Who may do what. `yes`: may. `own`: may, of the objects of the account one is bound to; any other answers 404, as if it
were not there. Blank: may not (403). This page is made by `goldline docs permissions` from the matrix that is enforced,
`src/goldline/surfaces/web/permissions.toml`; every cell of it is tried by `tests/web/permissions`.

People get a role with `goldline user create NAME --role ROLE` and another with `goldline user role NAME ROLE`, in force
at their next request. A merchant's or creator's people are bound to one account: `--account merchant:m1`.
"""
_KEYS: Final = """
## Keys

A key acts by its scopes, and by the most that any of them may. A key that is bound to an account
(`goldline key create NAME --scope read --account merchant:m1`) reads what is that account's and nothing else.
"""
_TWO: Final = """
## Two people

Where `GOLDLINE_TWO_PERSONS` says so ([settings](settings.md)), `remedy.release`, `breaker.release` and `policy.publish`
are asked for by one person and done when another approves them, who must have `approval.decide` and the operation
itself. The one who asked cannot approve; a request stands for three days; what is done is exactly what was shown, or
nothing. What one person may release alone within 24 hours is `GOLDLINE_ALONE_LIMITS`. On the command line both sign in:
`--by NAME`, and their password.

## Nobody in particular

These addresses ask nobody who they are.

| Address | Why |
|---|---|
"""


def permissions_page(matrix: Matrix) -> str:
    """Every operation by role and by scope, and the addresses open to all, as Markdown."""
    keys = {column: f"`{scope}`" for scope, column in KEY_COLUMNS.items()} | {BOUND: "bound"}
    people = _table(matrix, ROLES, ROLES)
    by_key = _table(matrix, tuple(keys), tuple(keys.values()))
    open_to_all = (f"| `{name}` | {why} |" for name, why in matrix.public.items())
    return "\n".join((_HEAD, *people, _KEYS, *by_key, _TWO + "\n".join(open_to_all))) + "\n"


def _table(matrix: Matrix, columns: Sequence[str], titles: Sequence[str]) -> Iterator[str]:
    yield f"| Operation | {' | '.join(titles)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, row in matrix.grants.items():
        words = ["" if row[column] is Grant.DENIED else row[column].value for column in columns]
        if any(words):
            yield f"| `{name}` | {' | '.join(words)} |"
