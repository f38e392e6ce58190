"""Packaging of `dts_ee`. `make install` is the installation that is tested; see the Makefile."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent

# `fastapi-offline` has the files of Swagger UI, which FastAPI's page would load from elsewhere.
SERVE = ["fastapi", "fastapi-offline", "prometheus-client", "starlette", "uvicorn"]


def read_version() -> str:
    """Reads the version without importing the package, whose requirements may be absent."""
    text = (ROOT / "dts_ee" / "version.py").read_text(encoding="utf-8")
    match = re.search(r'^VERSION = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise RuntimeError('dts_ee/version.py holds no line VERSION = "..."')
    return match.group(1)


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
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    packages=find_packages(include=["dts_ee", "dts_ee.*"]),
    py_modules=["dts_ee_command"],
    include_package_data=True,
    zip_safe=False,
    python_requires=">=3.10,<3.12",
    install_requires=[
        "allennlp==2.10.1",
        "allennlp-models==2.10.1",
        "filelock",
        "h5py",
        "huggingface_hub",
        "jinja2",
        "jsonnet",
        "lmdb",
        "markupsafe",
        # AllenNLP's `find-lr` draws with it but does not require it.
        "matplotlib",
        "nltk",
        "numpy",
        # The spaCy that AllenNLP's own pins lead to is compiled against numpy 1.
        "numpy<2; python_version < '3.11'",
        "overrides",
        "packaging",
        "requests",
        "rich",
        "safetensors",
        # py-rouge, which allennlp-models requires, imports pkg_resources: dropped in setuptools 82
        # and announced with a warning at every start since 80.9.
        # A model's wheel is built with `bdist_wheel`, which setuptools has since 70.1.
        "setuptools>=70.1,<80.9",
        "spacy",
        "srsly",
        "torch",
        "tqdm",
        "transformers",
    ],
    extras_require={
        "graph": ["networkx"],
        "serve": SERVE,
        "test": [
            *SERVE,
            "httpx",
            "hypothesis",
            "mypy",
            "networkx",
            "pytest",
            "pytest-xdist",
            "ruff",
            "types-requests",
        ],
    },
    entry_points={"console_scripts": ["dts-ee=dts_ee_command:run"]},
)
