"""
Subcommand for rendering gold or predicted documents as HTML.
"""

import argparse
import os
from pathlib import Path

from allennlp.commands import Subcommand

from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.spert import read_documents


@Subcommand.register("render")
class Render(Subcommand):
    """
    `allennlp render PREDICTIONS PAGE`: writes an HTML page that shows entities and relations.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Write an HTML page that shows entities in colour and relations as arcs."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} The page is a single file that loads no other files.",
            epilog="For example: allennlp render predictions.jsonl predictions.html",
            help=description,
        )
        subparser.add_argument(
            "predictions",
            type=Path,
            metavar="PREDICTIONS",
            help="the output of `allennlp predict`, or a corpus",
        )
        subparser.add_argument(
            "page",
            type=Path,
            metavar="PAGE",
            help="the HTML file to write; an existing one is replaced",
        )
        subparser.set_defaults(func=render_from_args)
        return subparser


def render_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    render(args.predictions, args.page)
    print(f"The page is {args.page}")


def render(predictions: Path, page: Path) -> None:
    """
    Write an HTML page that shows the documents of a file.

    # Parameters

    predictions : `Path`
        A file of documents, such as the output of `allennlp predict`.
    page : `Path`
        The file to write.

    # Raises

    `DocumentError`
        If the documents cannot be read.
    `OSError`
        If the page cannot be written.
    """
    # Imported late: only this command needs displaCy.
    from dts_ee.pages import render_page

    documents = read_documents(predictions)
    if page.exists() and os.path.samefile(predictions, page):
        raise FileExistsError(
            f"{page} is the file of the documents: choose another name for the page"
        )
    markup = render_page(documents, f"Entities and relations of {predictions.name}")
    with open_atomically(page) as file:
        file.write(markup)
