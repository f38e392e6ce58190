"""The reference of the code: a page for each package, with its public classes and functions."""

import ast
from pathlib import Path
from typing import Dict, List

PACKAGE = Path("dts_ee")

LEFT_OUT = ("__main__", "commands", "compat")
"""Commands have pages of their own, and a patch of AllenNLP is not called."""


def class_pages() -> Dict[str, str]:
    """
    # Returns

    `Dict[str, str]`
        The pages by their file names, the overview first. They name the modules, whose docstrings
        mkdocstrings puts there.
    """
    names = sorted(
        path.stem
        for path in PACKAGE.iterdir()
        if path.stem not in LEFT_OUT and (path.suffix == ".py" or (path / "__init__.py").exists())
    )
    modules = {name: _modules(name) for name in names}
    pages = {f"{name}.md": _page(name, modules[name]) for name in names if modules[name]}
    rows = [f"| [`dts_ee.{Path(page).stem}`]({page}) | {_summary(page)} |" for page in pages]
    index = [
        "# Classes and functions\n",
        "What is public in each package, from its docstrings. Begin with "
        "[`Extractor`](extractor.md#dts_ee.extractor.Extractor).\n",
        "| package | content |\n| --- | --- |",
        *rows,
    ]
    return {"index.md": "\n".join(index) + "\n", **pages}


def public_names(module: Path) -> List[str]:
    """The public classes and functions that a module defines, in their order."""
    return [
        node.name
        for node in ast.parse(module.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
    ]


def _modules(name: str) -> List[str]:
    path = PACKAGE / name
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return [
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if public_names(file)
    ]


def _summary(page: str) -> str:
    """The first sentence of the docstring of the package or module of a page."""
    path = PACKAGE / Path(page).stem
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def _page(name: str, modules: List[str]) -> str:
    return f"# dts_ee.{name}\n" + "".join(f"\n::: {module}\n" for module in modules)
