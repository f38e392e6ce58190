"""
Downloads data and weights for the experiments: `dts-ee fetch NAME...`.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

from tqdm import tqdm

from dts_ee.resources import Resource, load_manifest, resource_names
from dts_ee.resources.record import RECORD_NAME
from dts_ee.suggestions import did_you_mean

if TYPE_CHECKING:
    from dts_ee.resources.store import FetchResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the names of resources, and the folders to read from and to write to."""
    names = ", ".join(resource_names())
    parser.description = (
        f"{parser.description} Files that are there already and correct are kept; the same command "
        "continues an interrupted download. The exit status is 0 if all resources are complete at "
        "the end, and 1 otherwise."
    )
    parser.epilog = "For example: dts-ee fetch conll04 mpnet glove-6b-50d"
    parser.add_argument(
        "names", nargs="*", type=_resource_name, metavar="NAME", help=f"one of {names}"
    )
    parser.add_argument(
        "--from",
        dest="mirror",
        type=_existing_folder,
        metavar="DIR",
        help="a folder to look into first, with a sub-folder for each resource, such as one "
        "that this command has filled",
    )
    parser.add_argument(
        "--to",
        dest="root",
        type=Path,
        default=Path("resources"),
        metavar="DIR",
        help="the folder to fill",
    )
    parser.add_argument(
        "--list",
        dest="only_list",
        action="store_true",
        help="list what can be fetched, with size, licence and state (judged by size), and fetch "
        "nothing",
    )


def run(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if something could not be fetched."""
    if args.only_list:
        print(table_of_resources(args.root, args.names))
        return
    if not args.names:
        print("Name what to fetch, or use --list to see what can be fetched.", file=sys.stderr)
        sys.exit(2)
    try:
        failed = fetch(args.names, args.root, args.mirror)
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    if failed:
        print(f"Not fetched: {', '.join(failed)}.", file=sys.stderr)
        sys.exit(1)


def fetch(names: List[str], root: Path, mirror: Optional[Path] = None) -> List[str]:
    """
    Fetch resources one after the other, and print the result of each.

    # Parameters

    names : `List[str]`
        The names of the resources in the manifest.
    root : `Path`
        The folder to fill.
    mirror : `Path`, optional (default = `None`)
        A folder to look into first.

    # Returns

    `List[str]`
        The names of the resources that are not complete.
    """
    # Imported late, so that --list is fast. The sources of files are registered with AllenNLP,
    # which is patched before it is imported.
    import dts_ee.compat  # noqa: F401, I001

    from dts_ee.resources.store import ResourceStore

    manifest = load_manifest()
    store = ResourceStore(root, mirror)
    failed = []
    # Without repetition, in the given order.
    for name in dict.fromkeys(names):
        try:
            result = store.fetch(manifest[name])
        except OSError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        if result.missing:
            print(_missing_files(manifest[name], result), file=sys.stderr)
            failed.append(name)
        else:
            print(_fetched_files(manifest[name], result))
    return failed


def table_of_resources(root: Path, names: Optional[List[str]] = None) -> str:
    """
    A table of what can be fetched: name, size, licence, state under `root`, description.

    # Parameters

    root : `Path`
        The folder whose state is shown.
    names : `List[str]`, optional (default = `None`)
        The resources to show; all by default.
    """
    manifest = load_manifest()
    rows = [("NAME", "SIZE", "LICENCE", "STATE", "WHAT")]
    for name in names or manifest:
        resource = manifest[name]
        row = (name, _size(resource), resource.licence, resource.state(root), resource.description)
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    )


def _fetched_files(resource: Resource, result: "FetchResult") -> str:
    if result.fetched:
        sources = " and ".join(dict.fromkeys(result.fetched.values()))
        number = f"{len(result.fetched)} of {len(resource.files)} files"
        lines = [f"{resource.name}: {number} fetched from {sources} to {result.folder}."]
    else:
        lines = [f"{resource.name}: already there, in {result.folder}."]
    for name, digest in result.unverified.items():
        lines.append(
            f"  {name} could not be verified against a known SHA-256. It has {digest}, which is "
            f"kept in {result.folder / RECORD_NAME} for the next time. {resource.note or ''}"
        )
    return "\n".join(lines).rstrip()


def _missing_files(resource: Resource, result: "FetchResult") -> str:
    lines = [f"{resource.name}: {len(result.missing)} of {len(resource.files)} files are missing."]
    lines.append(
        "  Without a network on this machine, fetch it on another one, or put these files into "
        f"DIR/{resource.name}/ yourself, and give --from DIR (SHA-256 and name):"
    )
    for file in result.missing:
        lines.append(f"    {file.sha256 or '(not known)'.ljust(64)}  {resource.name}/{file.name}")
    return "\n".join(lines)


def _size(resource: Resource) -> str:
    return "unknown" if resource.size is None else f"{tqdm.format_sizeof(resource.size)}B"


def _resource_name(text: str) -> str:
    names = resource_names()
    if text not in names:
        hint = did_you_mean(text, names) or f", only {', '.join(names)}"
        raise argparse.ArgumentTypeError(f"there is no {text!r}{hint}")
    return text


def _existing_folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return folder
