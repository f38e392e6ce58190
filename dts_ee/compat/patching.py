"""
Replacing what AllenNLP defines.
"""

import sys
from typing import Any, Callable


def replace(owner: Any, name: str, replacement: Any) -> None:
    """Replaces an attribute of a module or class."""
    setattr(owner, name, replacement)


def replace_everywhere(package: str, original: Callable, replacement: Callable) -> None:
    """Replaces a function in all modules of a package that define or import it."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for attribute, value in list(vars(module).items()):
                if value is original:
                    replace(module, attribute, replacement)
