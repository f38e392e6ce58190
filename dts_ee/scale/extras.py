"""Checks whether the packages of the engines are installed."""

from importlib.util import find_spec

from allennlp.common.checks import ConfigurationError

_NEEDED = {
    "local": ("scale", ("pyarrow",)),
    "ray": ("ray", ("pyarrow", "ray")),
}
"""By engine, the extra that installs its packages, and the packages."""


def require_packages(engine: str) -> None:
    """
    Checks that the packages of an engine are installed.

    # Raises

    `ConfigurationError`
        If one is missing; it names the extra to install.
    """
    extra, packages = _NEEDED[engine]
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ConfigurationError(
            f"--output-dir needs {' and '.join(missing)}: pip install 'dts_ee[{extra}]'"
        )
