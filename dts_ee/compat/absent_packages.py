"""
Packages that AllenNLP imports, and that this project does not need.
"""

import sys
import types
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from typing import Any, Dict, Iterator, List, Optional, Sequence

ABSENT_MODULES = {
    "boto3": ["boto3", "boto3.dynamodb", "boto3.session"],
    "botocore": ["botocore", "botocore.client", "botocore.config", "botocore.exceptions"],
    "fairscale": [
        "fairscale",
        "fairscale.nn",
        "fairscale.nn.checkpoint",
        "fairscale.nn.misc",
        "fairscale.nn.wrap",
        "fairscale.optim",
        "fairscale.optim.grad_scaler",
    ],
    "google-api-core": ["google.api_core", "google.api_core.exceptions"],
    "google-auth": ["google.auth", "google.auth.exceptions"],
    # A namespace, which may be there without the storage.
    "google-cloud-core": ["google.cloud"],
    "google-cloud-storage": [
        "google.cloud.storage",
        "google.cloud.storage.blob",
        "google.cloud.storage.retry",
    ],
    "nltk": ["nltk"],
    "scikit-learn": ["sklearn", "sklearn.metrics"],
    "scipy": ["scipy", "scipy.stats"],
    "torchvision": ["torchvision", "torchvision.ops", "torchvision.ops.boxes"],
}
"""
What AllenNLP 2.10.1 and cached-path import at the top of their modules, by the name of the package
that has it.
"""

_IMPORTERS = ("allennlp", "allennlp_models", "cached_path")


def stand_in_for_absent_packages() -> None:
    """
    Lets AllenNLP be imported without packages that only its other parts use.

    AllenNLP (2.10.1, with any torch) imports torchvision for images, fairscale for another
    accelerator, scikit-learn, SciPy and NLTK for three metrics, and cached-path the clients of two
    clouds. They are 300 MB, take a fourth of AllenNLP's import time, and no torchvision can be
    installed for every Python and torch. While a module of AllenNLP or cached-path is imported,
    empty modules stand in for those that are not installed. Whatever is used of them is an
    `ImportError` that says what to install. A package that is installed is imported as usual.
    """
    sys.meta_path.insert(0, _StandInFinder(stand_ins()))


def stand_ins() -> Dict[str, types.ModuleType]:
    """What stands in for each module of the packages that are not installed, by its name."""
    found: Dict[str, types.ModuleType] = {
        name: _StandIn(name, package)
        for package, names in ABSENT_MODULES.items()
        if not _is_installed(names[0])
        for name in names
    }
    for name, module in found.items():
        parent, _, attribute = name.rpartition(".")
        if parent in found:
            setattr(found[parent], attribute, module)
    return found


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        # The package above it is not installed.
        return False


class _StandInFinder:
    """
    Finds the modules of AllenNLP and cached-path, and has the absent modules exist while they run,
    but not while they import modules of others, which may ask whether a package is installed.

    # Parameters

    stand_ins : `Dict[str, types.ModuleType]`
        What stands in for each absent module.
    """

    def __init__(self, stand_ins: Dict[str, types.ModuleType]) -> None:
        self._stand_ins = stand_ins
        self._is_standing_in = False

    def find_spec(
        self, name: str, path: Optional[Sequence[str]] = None, target: Any = None
    ) -> Optional[ModuleSpec]:
        needs_them = name.partition(".")[0] in _IMPORTERS
        if not needs_them and not self._is_standing_in:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            with self._standing_in(needs_them):
                execute(module)

        loader.exec_module = exec_module
        return spec

    @contextmanager
    def _standing_in(self, value: bool) -> Iterator[None]:
        before = self._is_standing_in
        self._set(value)
        try:
            yield
        finally:
            self._set(before)

    def _set(self, value: bool) -> None:
        for name, module in self._stand_ins.items():
            if value:
                sys.modules.setdefault(name, module)
            elif sys.modules.get(name) is module:
                del sys.modules[name]
        self._is_standing_in = value


class _StandIn(types.ModuleType):
    """An empty module, whose names exist but cannot be used."""

    def __init__(self, name: str, package: str) -> None:
        super().__init__(name, f"Stands in for {package}, which is not installed.")
        self.__path__: List[str] = []
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.package = package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return absent_class(f"{self.__name__}.{name}", f"pip install {self.package}")


def absent_class(name: str, remedy: str) -> Any:
    """
    A class that can be imported, named in annotations, derived from and caught as an exception, but
    not used.

    # Parameters

    name : `str`
        The full name, such as `"nltk.Tree"`.
    remedy : `str`
        What to do to have it.

    # Returns

    `Any`
        The class. Calling it, or asking for an attribute, raises an `ImportError`.
    """
    message = f"AllenNLP needs {name} for this, which is not installed: {remedy}"

    class AbsentType(type):
        def __getattr__(cls, attribute: str) -> Any:
            if attribute.startswith("_"):
                raise AttributeError(attribute)
            raise ImportError(message)

    def fail(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ImportError(message)

    # `cached_path` catches such classes.
    return AbsentType(name.rpartition(".")[2], (Exception,), {"__init__": fail})
