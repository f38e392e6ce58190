import json

from scripts.docs.layout import for_the_site
from scripts.docs.markdown import anchors, links, slug
from scripts.docs.pages import repository_path
from tests.docs.pages import PAGES, text_of
from tests.paths import PROJECT

NOTEBOOKS = sorted(str(path.relative_to(PROJECT)) for path in PROJECT.glob("docs/**/*.ipynb"))


def notebook_text(notebook: str) -> str:
    cells = json.loads((PROJECT / notebook).read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def dead_links(page: str, text: str) -> list[str]:
    dead = []
    for link in links(text):
        path = repository_path(page, link.target)
        anchor = link.target.partition("#")[2]
        outside = not path and not link.target.startswith("#")
        if outside or (PROJECT / path).exists() and not anchor:
            continue
        target = text if not path else text_of(path) if path in PAGES else ""
        if anchor not in anchors(target):
            dead.append(f"{page}, line {link.line}: {link.target}")
    return dead


def test_every_link_between_files_leads_somewhere():
    assert len(PAGES) > 30
    dead = [link for page in PAGES for link in dead_links(page, text_of(page))]
    dead += [link for page in NOTEBOOKS for link in dead_links(page, notebook_text(page))]
    assert not dead


def test_a_dead_link_is_found():
    text = "# A b, c\n\n[x](#a-b-c) [y](#a-b) ![z](images/none.svg) [w](predict.md#none) [v](https://x.y)\n"
    assert dead_links("docs/x.md", text) == [
        "docs/x.md, line 3: #a-b",
        "docs/x.md, line 3: images/none.svg",
        "docs/x.md, line 3: predict.md#none",
    ]


def test_anchors_are_those_of_github():
    assert slug("Micro-batches, and `a_b` (Θ)") == "micro-batches-and-a_b-θ"
    assert anchors("# One *two*\n\ntext\n\n## `code` three\n") == {"one-two", "code-three"}


def test_a_page_becomes_python_markdown():
    page = (
        "Text:\n- one\n  more\n\n  ```sh\n  a\n    b\n  ```\n  - [two](x.md#y)\n\n"
        "Numbers:\n1. one\n   more\n\n```mermaid\n[z](x.md)\n```\n"
    )
    assert for_the_site(page, lambda target: f"to/{target}", with_diagrams=False) == (
        "Text:\n\n- one\n    more\n\n    ```sh\n    a\n      b\n    ```\n    - [two](to/x.md#y)\n\n"
        "Numbers:\n\n1. one\n    more\n\n```text\n[z](x.md)\n```\n"
    )
