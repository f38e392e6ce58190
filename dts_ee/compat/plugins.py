"""
Importing plugins and packages.
"""

import functools
import importlib
import logging
import pkgutil
from typing import Optional, Set

from dts_ee.compat.patching import replace_everywhere
from dts_ee.console import shows_log
from dts_ee.quick_imports import quick_imports


def import_plugins_without_downloads() -> None:
    """
    Keeps `allennlp.common.plugins.import_plugins` from downloading anything.

    allennlp-models 2.10.1, one of AllenNLP's default plugins, calls `nltk.download` when its
    evaluation script for NarrativeQA is imported: without a network that prints errors at every
    start, or hangs. To run that script, download its data with `python -m nltk.downloader punkt
    wordnet`.
    """
    import nltk
    from allennlp.common import plugins

    original = plugins.import_plugins

    @functools.wraps(original)
    def import_plugins() -> None:
        download = nltk.download
        nltk.download = lambda *args, **kwargs: False
        try:
            with quick_imports():
                original()
        finally:
            nltk.download = download

    replace_everywhere("allennlp", original, import_plugins)


def import_submodules_in_one_pass() -> None:
    """
    Makes `allennlp.common.util.import_module_and_submodules` fast, and import nothing else.

    For each of hundreds of modules, AllenNLP (2.10.1, with any torch) invalidates Python's import
    caches and then searches all folders of `sys.path` for one optional package. It also imports any
    other package with the name of a sub-package, such as a folder `models` in the working
    directory.
    """
    from allennlp.common import util

    original = util.import_module_and_submodules

    @functools.wraps(original)
    def import_module_and_submodules(package_name: str, exclude: Optional[Set[str]] = None) -> None:
        excluded = set(exclude or ())
        importlib.invalidate_caches()
        try:
            importlib.import_module("checklist")
        except ImportError:
            excluded.add("allennlp.confidence_checks.task_checklists")

        def import_all(name: str) -> None:
            if name in excluded:
                return
            module = importlib.import_module(name)
            for submodule in pkgutil.iter_modules(getattr(module, "__path__", [])[:1]):
                if not submodule.name.startswith(("_", "test")):
                    import_all(f"{name}.{submodule.name}")

        with util.push_python_path("."):
            import_all(package_name)

    replace_everywhere("allennlp", original, import_module_and_submodules)


def hide_list_of_plugins() -> None:
    """
    Keeps AllenNLP (2.10.1, with any torch) from listing the plugins at each start.

    Plugins that cannot be loaded are still errors.
    """
    if not shows_log():
        logging.getLogger("allennlp.common.plugins").setLevel(logging.WARNING)
