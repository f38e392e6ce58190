"""
Importing plugins and packages.
"""

import functools
import importlib
import logging
import pkgutil
from importlib.util import find_spec
from typing import Optional, Set

from dts_ee.compat.patching import replace, replace_everywhere
from dts_ee.console import quiet_console, shows_log
from dts_ee.quick_imports import quick_imports


def import_the_taggers_of_allennlp_models() -> None:
    """
    Makes `allennlp.common.plugins.import_plugins` import one package of allennlp-models.

    AllenNLP (2.10.1, with any torch) imports all of allennlp-models at every start. That takes most
    of a second, downloads data for an evaluation script, and needs packages for tasks other than
    tagging. For the rest, install what it needs, and add `--include-package allennlp_models.rc`, or
    another of its packages.
    """
    from allennlp.common import plugins

    original = plugins.import_plugins
    replace(
        plugins,
        "DEFAULT_PLUGINS",
        tuple(
            "allennlp_models.tagging" if name == "allennlp_models" else name
            for name in plugins.DEFAULT_PLUGINS
            if name != "allennlp_models" or find_spec(name) is not None
        ),
    )

    @functools.wraps(original)
    def import_plugins() -> None:
        # By now `allennlp` has set up its log.
        quiet_console()
        with quick_imports():
            original()

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
        # That package registers nothing, and needs packages that only an extra installs.
        excluded = {"dts_ee.scale", *(exclude or ())}
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
