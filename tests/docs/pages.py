"""The pages that a reader of the documentation sees, from the top of the repository."""

from scripts.docs.markdown import CodeBlock, code_blocks
from tests.paths import PROJECT

PAGES = sorted(
    str(path.relative_to(PROJECT))
    for path in (
        *PROJECT.glob("*.md"),
        *PROJECT.glob("docs/**/*.md"),
        *PROJECT.glob("fixtures/*/README.md"),
    )
)


def text_of(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def blocks(language: str) -> list[tuple[str, CodeBlock]]:
    """The code blocks of a language on all pages, with the names of the pages."""
    return [
        (page, block)
        for page in PAGES
        for block in code_blocks(text_of(page))
        if block.language == language
    ]
