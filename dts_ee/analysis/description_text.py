"""
The description of a corpus as Markdown.
"""

from typing import Iterable, Mapping, Optional, Sequence

from dts_ee.analysis.corpus_description import (
    CorpusDescription,
    FileDescription,
    Lengths,
    OverlapStatistics,
)
from dts_ee.analysis.markdown_table import markdown_table

MAX_SHOWN = 20
"""How many duplicates, and near-duplicates, are shown; the others are counted."""

_LONGEST_TEXT = 160


def render_description(description: CorpusDescription) -> str:
    """
    All tables of a description.

    # Parameters

    description : `CorpusDescription`
        What to render.
    """
    columns = list(description.files)
    if len(columns) > 1:
        columns.append(description.whole)
    parts = [
        "## Counts",
        _counts_table(columns, [each.counts for each in columns]),
        "## Entity types",
        _counts_table(columns, [each.entity_types for each in columns], shares=True),
        "## Relation types",
        _counts_table(columns, [each.relation_types for each in columns], shares=True),
        "## Lengths",
        "Minimum / median / 95 % of all are at most / maximum.",
        _lengths_table(columns),
        "## Pairs of entities",
        "Ordered pairs of entities in the same sentence, in all files: how many, and how many of "
        "them are related.",
        _pairs_table(description.whole),
        "## Overlaps",
        _overlaps(columns),
        "## Duplicates",
        *_duplicates(description),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts_table(
    columns: Sequence[FileDescription], counts: Sequence[Mapping[str, int]], shares: bool = False
) -> str:
    names = list(dict.fromkeys(name for each in counts for name in each))
    if shares:
        names.sort()
    if not names:
        return "None."
    totals = [sum(each.values()) for each in counts]

    def cell(each: Mapping[str, int], total: int, name: str) -> str:
        number = each.get(name, 0)
        share = f" ({100 * number / total:.1f} %)" if shares and total else ""
        return f"{number:,}{share}"

    rows = [
        [_plain(name), *(cell(each, total, name) for each, total in zip(counts, totals))]
        for name in names
    ]
    return markdown_table(["", *_names(columns)], rows)


def _lengths_table(columns: Sequence[FileDescription]) -> str:
    rows = [
        [name, *(_lengths(each.lengths[name]) for each in columns)] for name in columns[0].lengths
    ]
    return markdown_table(["", *_names(columns)], rows)


def _lengths(lengths: Optional[Lengths]) -> str:
    if lengths is None:
        return "–"
    values = (lengths.minimum, lengths.median, lengths.percentile_95, lengths.maximum)
    return " / ".join(f"{value:g}" for value in values)


def _pairs_table(whole: FileDescription) -> str:
    rows = []
    for each in sorted(whole.pairs, key=lambda pair: -pair.related):
        relations = ", ".join(f"{name} {count:,}" for name, count in each.relations.items())
        rows.append(
            [
                _plain(each.head_type),
                _plain(each.tail_type),
                f"{each.pairs:,}",
                f"{each.related:,} ({100 * each.related / each.pairs:.1f} %)",
                _plain(relations),
            ]
        )
    if not rows:
        return "None."
    return markdown_table(["head", "tail", "pairs", "related", "relations"], rows)


def _overlaps(columns: Sequence[FileDescription]) -> str:
    whole = columns[-1].overlaps
    if not whole.pairs:
        return "No entities overlap."
    names: dict[str, str] = {
        "documents": "documents with overlapping entities",
        "pairs": "pairs that overlap",
        "same_span": "… with the same span",
        "nested": "… one inside of the other",
        "crossing": "… crossing",
        "same_type": "… of the same type",
        "documents_same_type": "documents with such of the same type",
    }
    rows = [
        [title, *(f"{getattr(each.overlaps, name):,}" for each in columns)]
        for name, title in names.items()
    ]
    return f"{markdown_table(['', *_names(columns)], rows)}\n\n{_what_to_do(whole)}"


def _what_to_do(overlaps: OverlapStatistics) -> str:
    advice = (
        "One sequence of tags cannot express them: to train, set `on_overlap` of the reader to "
        '"longest" or "first"'
    )
    if overlaps.same_type < overlaps.pairs:
        advice += ', or its `tag_sequences` to "per_type"'
        if overlaps.same_type:
            advice += ", which keeps those of different types"
    return f"{advice}."


def _duplicates(description: CorpusDescription) -> Iterable[str]:
    yield (
        "A duplicate has the same tokens. A near-duplicate has nearly the same text: the Jaccard "
        "similarity of its runs of five characters is at least "
        f"{description.similarity:g}. How many documents of a file have one:"
    )
    rows = [
        [
            _plain(each.file),
            "itself" if each.file == each.within else _plain(each.within),
            f"{each.duplicates:,}",
            f"{each.near_duplicates:,}",
        ]
        for each in description.repetitions
    ]
    yield markdown_table(["documents of", "in", "duplicates", "near-duplicates alone"], rows)
    if description.duplicates:
        lines = []
        # Those with contradictory annotation are what there is something to do about.
        for each in sorted(description.duplicates, key=lambda group: group.same_annotation):
            differently = "" if each.same_annotation else ", **annotated differently**"
            places = ", ".join(map(str, each.places[:MAX_SHOWN]))
            more = len(each.places) - MAX_SHOWN
            places += f" and {more} more" if more > 0 else ""
            lines.append(f"- {_plain(places)}{differently}: {_plain(_cut(each.text))}")
        different = sum(not each.same_annotation for each in description.duplicates)
        yield (
            f"Sentences that are there more than once: {len(description.duplicates):,}, of which "
            f"{different:,} are annotated differently."
        )
        yield _first("\n".join(lines[:MAX_SHOWN]), len(lines))
    if description.near_duplicates:
        lines = [
            f"- {each.similarity:.2f}: {_plain(str(each.one))} and {_plain(str(each.other))}: "
            f"{_plain(_cut(each.texts[0]))} | {_plain(_cut(each.texts[1]))}"
            for each in description.near_duplicates
        ]
        yield f"Pairs of near-duplicates: {len(lines):,}."
        yield _first("\n".join(lines[:MAX_SHOWN]), len(lines))


def _first(lines: str, number: int) -> str:
    if number <= MAX_SHOWN:
        return lines
    return f"{lines}\n- and {number - MAX_SHOWN:,} more: `--json FILE` has all"


def _names(columns: Sequence[FileDescription]) -> list[str]:
    return [_plain(each.name) for each in columns]


def _plain(text: str) -> str:
    """Text that is no end of a cell or a line."""
    return " ".join(text.split()).replace("|", "\\|")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1].rstrip()}…"
