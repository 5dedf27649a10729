"""Words in pictures, read by rapidocr where the extra `images` is installed. Its models come inside its wheel."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from goldline.core.errors import GoldlineError


def words_in(path: Path) -> str:
    """The lines of a picture from top to bottom. GoldlineError says what is missing or wrong."""
    if not path.is_file():
        raise GoldlineError("There is no such picture.", code="not_found", where=str(path), hint="Check its name.")
    if find_spec("rapidocr") is None:
        raise GoldlineError(
            "Pictures cannot be read here.",
            code="no_images",
            hint="Install the extra that reads them: goldline[images].",
        )
    try:
        read = _reader()(str(path))
    except Exception as fault:
        raise GoldlineError(
            "This is no picture that can be read.", code="bad_picture", where=str(path), hint="Use PNG, JPEG or WebP."
        ) from fault
    return "\n".join(read.txts or ())


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})
