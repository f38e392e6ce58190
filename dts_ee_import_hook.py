"""
Imports the plugin `dts_ee` with AllenNLP, whichever program imports AllenNLP.

AllenNLP 2.10.1 can only be imported with current releases of torch and transformers after
`dts_ee.compat` has patched what it imports. The command `allennlp`, `python -m allennlp`, tests,
and the worker processes of data loaders and distributed trainings import AllenNLP first. So Python
imports this file at every start, by `dts_ee_import_hook.pth` in the environment: for programs
without AllenNLP it does nothing but add a finder to `sys.meta_path`.

This file is not in the package, because importing the package imports torch.
"""

import sys


class AllenNLPFinder:
    """Finds the package `allennlp` as usual, and imports the plugin while it is imported."""

    def find_spec(self, name, path=None, target=None):
        """A finder's method, of `importlib.abc.MetaPathFinder`."""
        if name != "allennlp":
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            setattr(  # noqa: B010  (a method, to mypy)
                spec.loader, "exec_module", lambda module: _import_with_plugin(execute, module)
            )
        return spec


def _import_with_plugin(execute, module):
    """Executes the package `allennlp`, which imports torch and transformers, then the plugin."""
    import gc

    from dts_ee_command import import_plugin, spin_less

    spin_less()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        execute(module)
        import_plugin()
    finally:
        # Garbage collection ignores the imported objects from now on.
        gc.freeze()
        if was_enabled:
            gc.enable()


def install() -> None:
    """Adds the finder, once."""
    if not any(isinstance(finder, AllenNLPFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AllenNLPFinder())


install()
