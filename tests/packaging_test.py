import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from tests.paths import PROJECT

PACKAGE = PROJECT / "dts_ee"
COMMAND = PROJECT / "dts_ee_command.py"
LOCK = PROJECT / "requirements" / "lock.txt"
OVERRIDES = PROJECT / "requirements" / "overrides.txt"

NOT_IN_THE_LOCK = {"mlflow", "ray"}
"""What only a callback or an extra needs, for those who name it."""


def imports_of(path: Path) -> Iterator[str]:
    """The top-level names of other packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        else:
            continue
        for module in modules:
            name = module.partition(".")[0]
            if name not in {PACKAGE.name, COMMAND.stem} and name not in sys.stdlib_module_names:
                yield name


@functools.cache
def imported_names() -> dict[str, Path]:
    """Every other package that is imported, with a file that does."""
    return {
        name: path.relative_to(PROJECT)
        for path in [COMMAND, *sorted(PACKAGE.rglob("*.py"))]
        for name in imports_of(path)
        if name not in NOT_IN_THE_LOCK
    }


@functools.cache
def installed_packages() -> dict[str, NormalizedName]:
    """The distribution of every installed package and module, by the top-level name."""
    found = {}
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        for line in (distribution.read_text("RECORD") or "").splitlines():
            path = line.partition(",")[0]
            if path.endswith((".py", ".so")):
                found[path.partition("/")[0].partition(".")[0]] = name
    return found


def distribution_of(name: str) -> NormalizedName:
    """The distribution that an installed package belongs to."""
    return installed_packages()[name]


def requirements_in(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


@functools.cache
def declared(*fields: str) -> list[Requirement]:
    """What `setup.py` requires, and for its extras of the given names."""
    program = (
        "import json, setuptools\n"
        "setuptools.setup = lambda **options: print(json.dumps(options['extras_require']))\n"
        "exec(compile(open('setup.py', encoding='utf-8').read(), 'setup.py', 'exec'),\n"
        "     {'__file__': 'setup.py', '__name__': '__main__'})\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    extras = ast.literal_eval(output)
    return [Requirement(line) for field in ("allennlp", *fields) for line in extras[field]]


def unmet_requirements(
    start: Iterable[NormalizedName],
    lock: dict[NormalizedName, Version],
    overrides: dict[NormalizedName, Requirement],
) -> list[str]:
    """
    Says what installed distributions require, and these in turn, that a lock does not satisfy.

    # Parameters

    start : `Iterable[NormalizedName]`
        The distributions to start from.
    lock : `dict[NormalizedName, Version]`
        The locked version of each distribution.
    overrides : `dict[NormalizedName, Requirement]`
        What replaces every requirement of a distribution; one whose marker never holds is left out.

    # Returns

    `list[str]`
        One sentence for each requirement that is not met.
    """
    problems = []
    seen: set[NormalizedName] = set()
    to_visit = [(name, Requirement(name), "dts-ee") for name in start]
    while to_visit:
        name, requirement, required_by = to_visit.pop()
        requirement = overrides.get(name, requirement)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if name not in lock:
            problems.append(f"{required_by} requires {requirement}, which the lock lacks")
            continue
        if not requirement.specifier.contains(lock[name], prereleases=True):
            problems.append(f"{required_by} requires {requirement}, the lock has {lock[name]}")
        if name not in seen:
            seen.add(name)
            for line in metadata.requires(name) or []:
                dependency = Requirement(line)
                to_visit.append((canonicalize_name(dependency.name), dependency, name))
    return problems


@pytest.fixture(scope="module")
def lock() -> dict[NormalizedName, Version]:
    locked = {}
    for requirement in requirements_in(LOCK):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is not an exact pin"
        name = canonicalize_name(requirement.name)
        assert name not in locked, f"{name} is locked twice"
        locked[name] = Version(specifier.version)
    return locked


@pytest.fixture(scope="module")
def overrides() -> dict[NormalizedName, Requirement]:
    return {canonicalize_name(item.name): item for item in requirements_in(OVERRIDES)}


def test_every_import_is_declared_in_setup():
    names = {
        canonicalize_name(item.name)
        for item in declared("bioc", "graph", "onnx", "scale", "serve", "tune")
    }
    installed = installed_packages()
    for name, path in imported_names().items():
        assert name in installed, f"{path} imports {name}, which no installed distribution provides"
        assert distribution_of(name) in names, f"{path} imports {name}, which setup.py lacks"


def test_the_lock_has_everything_that_the_imports_need(lock, overrides):
    start = {distribution_of(name) for name in imported_names()}
    assert "allennlp" in start
    assert unmet_requirements(start, lock, overrides) == []


def test_the_lock_has_everything_that_setup_declares(lock, overrides):
    start = set()
    for requirement in declared("bioc", "graph", "onnx", "scale", "serve", "test"):
        if requirement.marker is None or requirement.marker.evaluate():
            name = canonicalize_name(requirement.name)
            start.add(name)
            assert name in lock
            assert requirement.specifier.contains(lock[name])
    assert unmet_requirements(start, lock, overrides) == []


@pytest.mark.parametrize("name", ["allennlp", "spacy", "cymem"])
def test_what_is_taken_from_the_lock_is_missed(lock, overrides, name):
    # cymem is no import of this package's: thinc requires it, for spaCy.
    start = {distribution_of(imported) for imported in imported_names()}
    smaller = {locked: version for locked, version in lock.items() if locked != name}
    problems = unmet_requirements(start, smaller, overrides)
    assert problems
    assert all("which the lock lacks" in problem for problem in problems)
    assert any(re.search(rf"requires {name}\b", problem) for problem in problems)


def test_a_version_that_is_too_old_is_noticed(lock, overrides):
    problems = unmet_requirements(
        [canonicalize_name("spacy")],
        {**lock, canonicalize_name("thinc"): Version("7.0")},
        overrides,
    )
    assert any(problem.startswith("spacy requires thinc") for problem in problems)
