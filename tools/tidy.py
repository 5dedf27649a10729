"""House rules that no linter knows: sizes, names, time as a parameter, exact money, and what may not be written here.

`python tools/tidy.py` prints one line a breach, and what was allowed, and fails when there is any breach. A line may
allow itself one rule with `# tidy: allow <rule> - <why>`; a rule about a whole module is allowed in its first lines.
"""

from __future__ import annotations

import ast
import contextlib
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN = 12
MODULE_LINES_MAX = {"src": 500, "tools": 500, "bench": 500, "tests": 800}
ALLOWED_MAX = 12  # escapes in the whole tree: a rule with many exceptions is the wrong rule
HEAD_LINES = 10

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}

# Time and chance are parameters of the core, so that every decision can be replayed. Only these may ask the world:
WORLDLY = {
    "core/settings.py": "makes the development secret",
    "core/database.py": "waits for a server to start",
    "core/doctor.py": "compares the host's clock with the database's",
    "core/worker.py": "paces its own loop",
    "core/apikey.py": "makes secrets",
    "core/outbox/endpoint.py": "makes signing secrets",
    "core/outbox/lane.py": "tells its claims from those of others",
    "core/outbox/dispatcher.py": "measures how long a delivery took",
    "core/crashpoint.py": "kills its own process in fault tests",
}
WORLD_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"),
    *("time.time", "time.time_ns", "time.sleep", "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "os.urandom"),
}
WORLD_MODULES = {"random", "secrets"}
EXACT_ROOMS = ("core/ledger/", "core/policy/")

# Put together here, so that this file may itself be searched.
FORBIDDEN_TEXT = (
    *("py" + "pi.org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "deb.debian" + ".org"),
    *("proxy.golang" + ".org", "crates" + ".io", "/wo" + "rk/", "/opt/py" + "pi"),
)
BINARY = {".png", ".jpg", ".webp", ".ico", ".woff2", ".parquet", ".mo", ".gz", ".zip"}
ESCAPE = re.compile(r"(?:#|--|<!--) tidy: allow (?P<rule>[a-z-]+) - (?P<why>\S.*)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Breach:
    """One place that breaks one rule."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a tree: breaches that stand, and how often each rule was allowed to be broken."""

    breaches: tuple[Breach, ...]
    allowed: Counter[str]
    median_lines: float


def inspect(root: Path) -> Verdict:
    """Look at every file of the project at `root`."""
    files = list(_files(root))
    sources = {path: text for path in files if (text := _text(root / path)) is not None}
    found = [breach for path, text in sources.items() for breach in _of_file(path, text)]
    standing, allowed = _settle(found, sources)
    median = _median(sources)
    return Verdict((*standing, *_of_tree(median, allowed)), allowed, median)


def _files(root: Path) -> Iterator[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode == 0:
        yield from (name for name in sorted(set(listing.stdout.split("\0"))) if name and (root / name).is_file())
        return
    # An archive of the tree has no git: then everything that is not hidden or built is the project.
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not re.search(r"(^|/)(\.(?!ci/|gitignore)|__pycache__|bench/results)", name):
            yield name


def _text(path: Path) -> str | None:
    if path.suffix in BINARY:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def _of_file(path: str, text: str) -> Iterator[Breach]:
    yield from _names(path)
    yield from _words(path, text)
    if not path.endswith(".py"):
        return
    try:
        tree = ast.parse(text, path)
    except SyntaxError as fault:
        yield Breach(path, fault.lineno or 1, "syntax", f"this is not Python: {fault.msg}")
        return
    yield from _sizes(path, text, tree)
    room = path.removeprefix("src/goldline/")
    if room == path:
        return
    yield from _docstrings(path, text, tree)
    if room.startswith("core/") and room not in WORLDLY:
        yield from _world(path, tree)
    if room.startswith(EXACT_ROOMS):
        yield from _floats(path, tree)


def _names(path: str) -> Iterator[Breach]:
    parts = Path(path).with_suffix("").parts
    for part in parts:
        if part.lower() in VAGUE_NAMES:
            yield Breach(path, 1, "name", f"{part!r} says nothing; name it by the noun it holds")


def _words(path: str, text: str) -> Iterator[Breach]:
    if not any(word in text for word in FORBIDDEN_TEXT):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for word in FORBIDDEN_TEXT:
            if word in line:
                yield Breach(path, number, "word", f"{word} is of one machine or host; the project names none")


def _sizes(path: str, text: str, tree: ast.Module) -> Iterator[Breach]:
    most = MODULE_LINES_MAX.get(path.split("/", 1)[0], max(MODULE_LINES_MAX.values()))
    lines = len(text.splitlines())
    if lines > most:
        yield Breach(path, 1, "module-length", f"{lines} lines, {most} at most; split it by its nouns")
    for function in _functions(tree):
        if (count := _lines(function)) > FUNCTION_LINES_MAX:
            message = f"{function.name} has {count} lines, {FUNCTION_LINES_MAX} at most"
            yield Breach(path, function.lineno, "function-length", message)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _lines(function: Function) -> int:
    """Lines of a function, its docstring apart."""
    first = function.body[0]
    words = 0
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        words = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - words


def _docstrings(path: str, text: str, tree: ast.Module) -> Iterator[Breach]:
    if text.strip() and ast.get_docstring(tree) is None:
        yield Breach(path, 1, "docstring", "the module does not say what it is")
    if not text.strip():
        yield Breach(path, 1, "docstring", "the package does not say what it holds")
    yield from _silent(path, tree)


def _silent(path: str, holder: ast.Module | ast.ClassDef) -> Iterator[Breach]:
    for node in holder.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, Function) and any("overload" in ast.dump(each) for each in node.decorator_list):
            continue
        # Meta is Django's configuration of the class around it.
        if ast.get_docstring(node) is None and node.name != "Meta":
            yield Breach(path, node.lineno, "docstring", f"{node.name} is public and does not say what it is for")
        if isinstance(node, ast.ClassDef) and node.name != "Meta":
            yield from _silent(path, node)


def _world(path: str, tree: ast.Module) -> Iterator[Breach]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WORLD_CALLS:
            yield Breach(path, node.lineno, "world", f"{ast.unparse(node.func)}: take it as an argument instead")
        named = _imported(node)
        for name in named & WORLD_MODULES:
            yield Breach(path, getattr(node, "lineno", 1), "world", f"{name}: the core leaves nothing to chance")


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module.split(".")[0]}
    return set()


def _floats(path: str, tree: ast.Module) -> Iterator[Breach]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.Name) and node.id == "float"
        if named or (isinstance(node, ast.BinOp) and any(_is_fraction(side) for side in (node.left, node.right))):
            yield Breach(path, node.lineno, "float", "money is exact: use whole minor units or Decimal")  # type: ignore[attr-defined]


def _is_fraction(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _settle(found: Iterable[Breach], sources: dict[str, str]) -> tuple[list[Breach], Counter[str]]:
    """Those that stand, and how many of each rule were allowed."""
    standing: list[Breach] = []
    allowed: Counter[str] = Counter()
    for breach in found:
        lines = sources[breach.path].splitlines()
        near = lines[:HEAD_LINES] if breach.line == 1 else lines[breach.line - 1 : breach.line]
        if any((match := ESCAPE.search(line)) and match["rule"] == breach.rule for line in near):
            allowed[breach.rule] += 1
        else:
            standing.append(breach)
    return standing, allowed


def _median(sources: dict[str, str]) -> float:
    product = (text for path, text in sources.items() if path.startswith("src/") and path.endswith(".py"))
    lengths: list[int] = []
    for text in product:
        with contextlib.suppress(SyntaxError):  # told already, as a breach of its own
            lengths += [_lines(function) for function in _functions(ast.parse(text))]
    return statistics.median(lengths) if lengths else 0.0


def _of_tree(median: float, allowed: Counter[str]) -> Iterator[Breach]:
    if median >= FUNCTION_LINES_MEDIAN:
        message = f"the median function has {median:g} lines; less than {FUNCTION_LINES_MEDIAN} is the bar"
        yield Breach("src/goldline", 1, "function-median", message)
    if (total := sum(allowed.values())) > ALLOWED_MAX:
        yield Breach(".", 1, "escapes", f"{total} escapes, {ALLOWED_MAX} at most: mend some, or mend the rule")


def main() -> int:
    """Print what was found; 1 if anything breaks a rule."""
    verdict = inspect(ROOT)
    for breach in verdict.breaches:
        print(breach)
    escapes = ", ".join(f"{rule} {count}" for rule, count in sorted(verdict.allowed.items())) or "none"
    print(f"tidy: {len(verdict.breaches)} breaches; allowed: {escapes}; median function {verdict.median_lines:g} lines")
    return 1 if verdict.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
