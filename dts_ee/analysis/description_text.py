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
from dts_ee.analysis.table import Row, Table, one_line

MAX_SHOWN = 20
"""How many duplicates, and near-duplicates, are shown; the others are counted."""

_MAX_TEXT_LENGTH = 160


def render_description(description: CorpusDescription) -> str:
    """
    All tables of a description.

    # Parameters

    description : `CorpusDescription`
        The description.
    """
    columns = list(description.files)
    if len(columns) > 1:
        columns.append(description.whole)
    parts = [
        "## Counts",
        _counts_table(columns, [file.counts for file in columns]),
        "## Entity types",
        _counts_table(columns, [file.entity_types for file in columns], shares=True),
        "## Relation types",
        _counts_table(columns, [file.relation_types for file in columns], shares=True),
        "## Lengths",
        "Minimum / median / 95th percentile / maximum.",
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
    names = list(dict.fromkeys(name for file_counts in counts for name in file_counts))
    if shares:
        names.sort()
    if not names:
        return "None."
    totals = [sum(file_counts.values()) for file_counts in counts]

    def cell(file_counts: Mapping[str, int], total: int, name: str) -> str:
        number = file_counts.get(name, 0)
        share = f" ({100 * number / total:.1f} %)" if shares and total else ""
        return f"{number:,}{share}"

    rows = [
        [
            name,
            *(cell(file_counts, total, name) for file_counts, total in zip(counts, totals)),
        ]
        for name in names
    ]
    return _by_file(columns, rows)


def _lengths_table(columns: Sequence[FileDescription]) -> str:
    rows = [
        [name, *(_lengths(file.lengths[name]) for file in columns)] for name in columns[0].lengths
    ]
    return _by_file(columns, rows)


def _lengths(lengths: Optional[Lengths]) -> Optional[str]:
    if lengths is None:
        return None
    values = (lengths.minimum, lengths.median, lengths.percentile_95, lengths.maximum)
    return " / ".join(f"{value:g}" for value in values)


def _pairs_table(whole: FileDescription) -> str:
    rows = []
    for pair in sorted(whole.pairs, key=lambda pair: -pair.related):
        relations = ", ".join(f"{name} {count:,}" for name, count in pair.relations.items())
        rows.append(
            [
                pair.head_type,
                pair.tail_type,
                f"{pair.pairs:,}",
                f"{pair.related:,} ({100 * pair.related / pair.pairs:.1f} %)",
                relations,
            ]
        )
    if not rows:
        return "None."
    return Table(["head", "tail", "pairs", "related", "relations"], rows).render()


def _overlaps(columns: Sequence[FileDescription]) -> str:
    whole = columns[-1].overlaps
    if not whole.pairs:
        return "No entities overlap."
    names: dict[str, str] = {
        "documents": "documents with overlapping entities",
        "pairs": "pairs that overlap",
        "same_span": "… with the same span",
        "nested": "… one inside the other",
        "crossing": "… crossing",
        "same_type": "… of the same type",
        "documents_same_type": "documents with overlaps of the same type",
    }
    rows = [
        [title, *(f"{getattr(file.overlaps, name):,}" for file in columns)]
        for name, title in names.items()
    ]
    return f"{_by_file(columns, rows)}\n\n{_what_to_do(whole)}"


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
            repetition.file,
            "itself" if repetition.file == repetition.within else repetition.within,
            f"{repetition.duplicates:,}",
            f"{repetition.near_duplicates:,}",
        ]
        for repetition in description.repetitions
    ]
    yield Table(["documents of", "in", "duplicates", "near-duplicates alone"], rows).render()
    if description.duplicates:
        lines = []
        # Contradictory annotation comes first: it should be corrected.
        for group in sorted(description.duplicates, key=lambda group: group.same_annotation):
            differently = "" if group.same_annotation else ", **annotated differently**"
            locations = ", ".join(map(str, group.places[:MAX_SHOWN]))
            more = len(group.places) - MAX_SHOWN
            locations += f" and {more} more" if more > 0 else ""
            lines.append(f"- {one_line(locations)}{differently}: {one_line(_cut(group.text))}")
        different = sum(not group.same_annotation for group in description.duplicates)
        yield (
            f"Sentences that occur more than once: {len(description.duplicates):,}, of which "
            f"{different:,} are annotated differently."
        )
        yield _first("\n".join(lines[:MAX_SHOWN]), len(lines))
    if description.near_duplicates:
        lines = [
            f"- {pair.similarity:.2f}: {one_line(str(pair.one))} and {one_line(str(pair.other))}: "
            f"{one_line(_cut(pair.texts[0]))} | {one_line(_cut(pair.texts[1]))}"
            for pair in description.near_duplicates
        ]
        yield f"Pairs of near-duplicates: {len(lines):,}."
        yield _first("\n".join(lines[:MAX_SHOWN]), len(lines))


def _first(lines: str, number: int) -> str:
    if number <= MAX_SHOWN:
        return lines
    return f"{lines}\n- and {number - MAX_SHOWN:,} more: `--json FILE` has all"


def _by_file(columns: Sequence[FileDescription], rows: Sequence[Row]) -> str:
    return Table(["", *(file.name for file in columns)], rows).render()


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT_LENGTH else f"{text[: _MAX_TEXT_LENGTH - 1].rstrip()}…"
