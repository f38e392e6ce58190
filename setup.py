"""Packaging of `dts_ee`. `make install` is the installation that is tested; see the Makefile."""

import re
from pathlib import Path
from typing import Dict, List

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent

PROJECT_FILES = ["experiments", "fixtures", "requirements"]
"""
What a wheel has in `dts_ee/project` and the repository beside the package: see
`dts_ee.project_files`.
"""

IMPORT_HOOK = "dts_ee_import_hook.pth"
"""Python reads a file of this kind at its start, in the folder of the installed packages."""

GRAPH = ["networkx", "rdflib"]
# `fastapi-offline` has the files of Swagger UI, which FastAPI's page would load from elsewhere.
SERVE = ["fastapi", "fastapi-offline", "prometheus-client", "starlette", "uvicorn"]
# fsspec has what Python has for patterns of paths since 3.13.
SCALE = ["fsspec", "pyarrow"]
TUNE = ["optuna>=5"]
# torch's exporter needs onnxscript.
ONNX = ["onnx", "onnxruntime", "onnxscript", "protobuf"]

REQUIRED = [
    "allennlp==2.10.1",
    "allennlp-models==2.10.1",
    "filelock",
    "h5py",
    # The errors of huggingface_hub's connections are its own.
    "httpx",
    "huggingface_hub",
    "jinja2",
    "jsonnet",
    "lmdb",
    "markupsafe",
    # AllenNLP's `find-lr` draws with it but does not require it.
    "matplotlib",
    "numpy",
    "overrides",
    "packaging",
    "pandas",
    "regex",
    "requests",
    "rich",
    "safetensors",
    # transformers reads the tokenizers of models such as DeBERTa-v3 with it.
    "sentencepiece",
    # A model's wheel is built with `bdist_wheel`, which setuptools has since 70.1.
    "setuptools>=70.1",
    "spacy",
    "srsly",
    "tokenizers",
    "torch",
    "tqdm",
    "transformers",
]


def read_version() -> str:
    """Reads the version without importing the package, whose requirements may be absent."""
    text = (ROOT / "dts_ee" / "version.py").read_text(encoding="utf-8")
    match = re.search(r'^VERSION = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise RuntimeError('dts_ee/version.py holds no line VERSION = "..."')
    return match.group(1)


class BuildWithProjectFiles(build_py):
    """Builds the package with the hook, and the repository's files that its commands use."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for built, source in self._further_files().items():
                self.mkpath(str(Path(built).parent))
                self.copy_file(source, built)

    def get_outputs(self, include_bytecode: bool = True) -> List[str]:
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *self._further_files()]

    def _further_files(self) -> Dict[str, str]:
        """Where each file is built, and where it comes from."""
        target = Path(self.build_lib, "dts_ee", "project")
        project_files = {
            str(target / path.relative_to(ROOT)): str(path)
            for name in PROJECT_FILES
            for path in sorted((ROOT / name).rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }
        return {str(Path(self.build_lib, IMPORT_HOOK)): str(ROOT / IMPORT_HOOK), **project_files}


setup(
    name="dts-ee",
    version=read_version(),
    description=(
        "Joint named entity recognition and relation extraction with deeper task-specific layers: "
        "an AllenNLP plugin"
    ),
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    keywords="allennlp nlp named-entity-recognition relation-extraction information-extraction",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    packages=find_packages(include=["dts_ee", "dts_ee.*"]),
    # Written out, so that an editable installation puts this folder on the path. Otherwise it would
    # be a finder that Python asks last: in the folder above a clone named `dts_ee`, `import dts_ee`
    # would find the clone's top level as a package without content.
    package_dir={"": "."},
    cmdclass={"build_py": BuildWithProjectFiles},
    py_modules=["dts_ee_command", "dts_ee_import_hook", "dts_ee_spacy"],
    # `include_package_data` does not find the package under the name "./dts_ee".
    package_data={"dts_ee": ["**/*"]},
    exclude_package_data={"": ["*.py[co]", "**/*.py[co]"]},
    include_package_data=False,
    zip_safe=False,
    python_requires=">=3.11",
    # No `install_requires`: AllenNLP's metadata asks for a torch that Python 3.11 does not have, so
    # that pip finds none. `dts-ee install-requirements` installs what requirements/lock.txt lists.
    extras_require={
        # What `make lock` resolves.
        "allennlp": REQUIRED,
        "bioc": ["bioc", "lxml"],
        "graph": GRAPH,
        "onnx": ONNX,
        # Not in the lock: see requirements/overrides.txt. Ray 2.64 takes no `max_task_retries`.
        "ray": [*SCALE, "ray[data]>=2.60,<2.64"],
        "scale": SCALE,
        "serve": SERVE,
        "tune": TUNE,
        "test": [
            *SCALE,
            *SERVE,
            *TUNE,
            *GRAPH,
            *ONNX,
            "bioc",
            "lxml",
            "httpx",
            "hypothesis",
            "import-linter",
            "markdown-it-py",
            "mypy",
            "pytest",
            "pytest-benchmark",
            "pytest-xdist",
            "ruff",
            "types-requests",
        ],
    },
    entry_points={
        "console_scripts": ["dts-ee=dts_ee_command:run"],
        "spacy_factories": ["dts_ee=dts_ee_spacy:make_dts_ee"],
    },
)
