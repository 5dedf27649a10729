"""The pages' messages: collected from templates and code, kept in a .po, compiled to the .mo that Django reads.

    python -m goldline.surfaces.web.translation update     collect, and mark what has no translation yet
    python -m goldline.surfaces.web.translation compile    write the .mo

Both files are committed; a test holds them together.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import NodeList, Template
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

SURFACES = Path(__file__).parent.parent
LOCALE = "zh_Hans"
PO = Path(__file__).parent / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}

Found = tuple[str | tuple[str, str], str]


def collected() -> Catalog:
    """Every message of the pages, with where it is used."""
    catalog = Catalog(locale=LOCALE, project="goldline", charset="utf-8", fuzzy=False)
    catalog.header_comment = "# The pages of Goldline in simplified Chinese."
    # The moment of collecting says nothing, and would change the file each time.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    for message, place in sorted({*_from_templates(), *_from_code()}, key=lambda found: (found[1], str(found[0]))):
        catalog.add(message, locations=[(place, 0)])
    return catalog


def standing() -> Catalog:
    """The catalogue as it is kept."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def compiled() -> bytes:
    """What the .mo must hold."""
    written = io.BytesIO()
    write_mo(written, standing())
    return written.getvalue()


def untranslated() -> list[str]:
    """Messages that are used and have no translation, or one that must be looked at again."""
    kept = standing()
    return [str(each.id) for each in collected() if each.id and not _translated(kept.get(each.id))]


def update() -> None:
    """Collect the messages into the .po, keeping every translation whose message is still used."""
    catalog = collected()
    if PO.is_file():
        for each in standing():
            kept = catalog.get(each.id) if each.id else None
            if kept is not None:
                kept.string = each.string
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=110, omit_header=False, sort_by_file=True, include_lineno=False)


def _translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(texts) and all(texts)


def _from_code() -> Iterator[Found]:
    for path in sorted(SURFACES.rglob("*.py")):
        if "cli" in path.relative_to(SURFACES).parts:
            continue
        for _line, message, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
            yield message if isinstance(message, str) else (message[0], message[1]), _place(path)


def _from_templates() -> Iterator[Found]:
    for path in sorted(SURFACES.glob("*/templates/**/*.html")):
        name = path.relative_to(next(each for each in path.parents if each.name == "templates"))
        template: Template = get_template(name.as_posix()).template  # type: ignore[attr-defined]
        for message in _of_nodes(template.nodelist):
            yield message, _place(path)


def _of_nodes(nodes: NodeList) -> Iterable[str | tuple[str, str]]:
    for plain in nodes.get_nodes_by_type(TranslateNode):
        assert isinstance(plain, TranslateNode)
        yield str(plain.filter_expression.var.literal)
    for block in nodes.get_nodes_by_type(BlockTranslateNode):
        assert isinstance(block, BlockTranslateNode)
        single = block.render_token_list(block.singular)[0]
        yield (single, block.render_token_list(block.plural)[0]) if block.plural else single


def _place(path: Path) -> str:
    return path.relative_to(SURFACES).as_posix()


def main(arguments: list[str]) -> int:
    """Run one of the two steps."""
    from goldline.surfaces.web import engine, operator

    # Nothing is read from the database; Django only wants a name for it.
    engine.use("postgresql:///goldline")
    operator.set_up()
    if arguments == ["update"]:
        update()
        return 1 if untranslated() else 0
    if arguments == ["compile"]:
        MO.write_bytes(compiled())
        return 0
    sys.stderr.write((__doc__ or "") + "\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
