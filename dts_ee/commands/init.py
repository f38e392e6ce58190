"""
Starts a project in a new folder: `dts-ee init FOLDER`.
"""

import argparse
import os
import re
import shutil
import sys
import uuid
from pathlib import Path
from typing import Dict

from dts_ee.project_files import project_files

TEMPLATE = Path(__file__).resolve().parent / "project_template"

_IMPORT = re.compile(r"\bimport(?:str|bin)?\s*'([^']+)'")

_NEXT = """\
{folder} is a project for your own data now:

  own.jsonnet   the experiment: the model and the data; lib/ has the parts that it imports
  data/         the folder for your annotated sentences
  README.md     what to do, with the commands

Next:

{enter}  dts-ee fetch minilm
  dts-ee convert --from brat ANNOTATED_FOLDER --to spert data/all.json
  TRAIN_DATA=data/all.json dts-ee train own.jsonnet -s out/own
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the folder, and whether it gets examples."""
    parser.description = (
        "Start a project of your own in a new or empty folder: the experiment own.jsonnet with the "
        "parts that it imports, a README.md with what to do, and a folder for the data. The folder "
        "is created completely or not at all. The exit status is 2 if the folder is not empty."
    )
    parser.epilog = "For example: dts-ee init my-project"
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder to make")
    parser.add_argument(
        "--examples",
        action="store_true",
        help="copy the experiments on public corpora too, and the sample corpora, into "
        "FOLDER/experiments and FOLDER/fixtures",
    )


def run(args: argparse.Namespace) -> None:
    """Run the command, and print what to do next."""
    try:
        start_project(args.folder, args.examples)
    except (FileExistsError, NotADirectoryError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"{args.folder} could not be created: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    if args.folder.resolve() == Path.cwd():
        print(_NEXT.format(folder="This folder", enter=""), end="")
    else:
        print(_NEXT.format(folder=args.folder, enter=f"  cd {args.folder}\n"), end="")


def start_project(folder: Path, with_examples: bool = False) -> None:
    """
    Makes the folder of a project, or fills an empty one.

    # Parameters

    folder : `Path`
        The folder.
    with_examples : `bool`, optional (default = `False`)
        Whether the project's other experiments and the sample corpora are copied too.

    # Raises

    `FileExistsError`
        If the folder is not empty.
    `NotADirectoryError`
        If it is a file.
    """
    if folder.is_dir():
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty: name a new folder.")
    elif folder.exists() or folder.is_symlink():
        raise NotADirectoryError(f"{folder} is a file: name a new folder.")
    target = folder.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}-{uuid.uuid4().hex}"
    try:
        _write_project(temporary, with_examples)
        _move_content(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_project(folder: Path, with_examples: bool) -> None:
    shutil.copytree(TEMPLATE, folder)
    # In the package itself, files with these names would have an effect.
    for name in ("allennlp_plugins", "gitignore"):
        (folder / name).rename(folder / f".{name}")
    (folder / "data").mkdir()
    experiments = project_files() / "experiments"
    for name, file in experiment_files(experiments / "own.jsonnet").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / name)
    if with_examples:
        shutil.copytree(experiments, folder / "experiments")
        shutil.copytree(project_files() / "fixtures" / "sample", folder / "fixtures" / "sample")


def _move_content(source: Path, target: Path) -> None:
    if not target.exists():
        os.replace(source, target)
        return
    # An empty folder is filled, not replaced, as it may be the working directory.
    moved = []
    try:
        for path in sorted(source.iterdir()):
            os.replace(path, target / path.name)
            moved.append(path)
    except BaseException:
        for path in moved:
            os.replace(target / path.name, path)
        raise


def experiment_files(experiment: Path) -> Dict[str, Path]:
    """
    An experiment and all files that it imports, by their paths relative to its folder.

    # Parameters

    experiment : `Path`
        A Jsonnet file that imports nothing from outside its folder.
    """
    found: Dict[str, Path] = {}
    to_visit = [experiment]
    while to_visit:
        file = to_visit.pop()
        name = os.path.relpath(file, experiment.parent)
        if name not in found:
            found[name] = file
            imported = _IMPORT.findall(file.read_text(encoding="utf-8"))
            to_visit.extend(file.parent / path for path in imported)
    return found
