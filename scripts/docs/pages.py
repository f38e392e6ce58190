"""
Arranges the pages of the site in build/site, for `make docs`.

The pages of docs/ and of the top level are copied, the reference is written from the parsers of the
commands and from the modules, and links to other files of the repository lead to pages that show
these files.
"""

import json
import posixpath
import re
import shutil
from pathlib import Path
from typing import Dict, List

from scripts.docs.classes import class_pages
from scripts.docs.commands import command_pages
from scripts.docs.layout import for_the_site
from scripts.docs.markdown import links

SITE = Path("build/site")
PAGES = SITE / "pages"
MERMAID = Path("build/docs/mermaid.min.js")
"""Draws diagrams; `make docs` fetches it with npm, where npm is installed."""

FURTHER_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CITATION.cff": "citation.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "fixtures/sample/README.md": "sample-corpora.md",
}
"""Files outside of docs/ that are pages of the site."""

LANGUAGES = {".cff": "yaml", ".json": "json", ".jsonnet": "jsonnet", ".libsonnet": "jsonnet"}


def main() -> None:
    """Writes build/site/pages and build/site/zensical.toml."""
    shutil.rmtree(SITE, ignore_errors=True)
    targets = {**{str(path): path.relative_to("docs").as_posix() for path in _files()}}
    targets = {source: re.sub(r"\.ipynb$", ".md", target) for source, target in targets.items()}
    targets.update(FURTHER_PAGES)
    for source, target in _linked_files(targets).items():
        _write(target, shown(source))
        targets[source] = target
    for source, target in targets.items():
        if source.endswith((".md", ".ipynb", ".cff")) and target.endswith(".md"):
            _write(target, _page(source, target, targets))
        elif not target.endswith(".md"):
            (PAGES / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, PAGES / target)
    commands = {f"reference/commands/{name}": page for name, page in command_pages().items()}
    classes = {f"reference/classes/{name}": page for name, page in class_pages().items()}
    for target, page in {**commands, **classes}.items():
        _write(target, page)
    (PAGES / "stylesheets").mkdir()
    shutil.copyfile("scripts/docs/site.css", PAGES / "stylesheets" / "site.css")
    _write_configuration(
        {
            "@notebooks": [
                name for name in sorted(targets.values()) if name.startswith("notebooks/")
            ],
            "@commands": list(commands),
            "@classes": list(classes),
        }
    )


def _files() -> List[Path]:
    return [path for path in sorted(Path("docs").rglob("*")) if path.is_file()]


def _linked_files(targets: Dict[str, str]) -> Dict[str, str]:
    """The other files and folders of the repository to which pages link, with their own pages."""
    found = {}
    for source in targets:
        if not source.endswith(".md"):
            continue
        for link in links(Path(source).read_text(encoding="utf-8")):
            path = repository_path(source, link.target)
            if path and path not in targets:
                found[path] = f"files/{path}.md"
    return found


def repository_path(source: str, target: str) -> str:
    """
    # Returns

    `str`
        The path of the file to which a page of the repository links, without an anchor; `""` if the
        link leads to the same page or to another site.
    """
    path = target.partition("#")[0]
    if not path or re.match(r"[a-z]+:", path):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def shown(source: str) -> str:
    """A page with the content of a file, or with the names of the files in a folder."""
    path = Path(source)
    if path.is_dir():
        names = sorted(file.name for file in path.iterdir() if not file.name.startswith("_"))
        return f"# {source}\n\n" + "".join(f"- `{name}`\n" for name in names)
    content = path.read_text(encoding="utf-8").rstrip("\n")
    language = LANGUAGES.get(path.suffix, path.suffix.removeprefix(".") or "text")
    return f"# {path.name}\n\n`{source}`\n\n````{language}\n{content}\n````\n"


def _page(source: str, target: str, targets: Dict[str, str]) -> str:
    if source.endswith(".ipynb"):
        text = notebook_page(source)
    elif source == "CITATION.cff":
        text = shown(source)
    else:
        text = Path(source).read_text(encoding="utf-8")

    def moved(link: str) -> str:
        path = repository_path(source, link)
        if not path:
            return link
        _, number_sign, anchor = link.partition("#")
        relative = posixpath.relpath(targets.get(path, path), posixpath.dirname(target) or ".")
        return relative + number_sign + anchor

    return for_the_site(text, moved, with_diagrams=MERMAID.exists())


def notebook_page(source: str) -> str:
    """The Markdown of a notebook's cells, with its code as blocks."""
    cells = json.loads(Path(source).read_text(encoding="utf-8"))["cells"]
    texts = [("".join(cell["source"]).strip(), cell["cell_type"]) for cell in cells]
    blocks = [f"```python\n{text}\n```" if kind == "code" else text for text, kind in texts]
    return "\n\n".join(blocks) + "\n"


def _write(target: str, text: str) -> None:
    path = PAGES / target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_configuration(lists: Dict[str, List[str]]) -> None:
    text = Path("scripts/docs/zensical.toml").read_text(encoding="utf-8")
    for name, pages in lists.items():
        names = [page for page in pages if not page.endswith("/index.md")]
        text = text.replace(json.dumps(name), ", ".join(map(json.dumps, names)))
    if MERMAID.exists():
        (PAGES / "javascripts").mkdir()
        shutil.copyfile(MERMAID, PAGES / "javascripts" / MERMAID.name)
    else:
        text = re.sub(r"^extra_javascript = .*\n", "", text, flags=re.MULTILINE)
    (SITE / "zensical.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
