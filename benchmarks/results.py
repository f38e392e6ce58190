"""What came out of the topics, as JSON to keep and as Markdown to read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Optional, Union

from benchmarks.environment import Environment
from benchmarks.measure import Row, Table, Value
from dts_ee.corpora.files import open_atomically

_INTRODUCTION = (
    "A figure is the median of its runs, with the fastest and the slowest behind it. Things that "
    "are compared ran in turns; the comparison is the median over the turns. Memory is by how much "
    "the peak of the process's resident memory grew."
)


@dataclass
class TopicResult:
    """
    # Parameters

    topic : `str`
        Its name.
    environment : `Environment`
        Where and when it ran.
    seconds : `float`
        How long it took, wall time.
    tables : `list[Table]`, optional (default = `[]`)
        What it measured.
    problem : `str`, optional (default = `None`)
        Why it did not run to its end, if it did not.
    """

    topic: str
    environment: Environment
    seconds: float
    tables: list[Table] = field(default_factory=list)
    problem: Optional[str] = None


class Results:
    """
    The results of topics in a folder, as `results.json` and `results.md`.

    What an earlier run has left there stays until its topic is added again.

    # Parameters

    folder : `Path`
        Where the files are.

    # Raises

    `ValueError`
        If there is a `results.json` that this class has not written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._topics: dict[str, TopicResult] = {}
        path = folder / "results.json"
        if path.is_file():
            try:
                for record in json.loads(path.read_text(encoding="utf-8"))["topics"]:
                    self._topics[record["topic"]] = _from_json(record)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path} holds no results of benchmarks: {error!r}") from error

    def add(self, result: TopicResult) -> None:
        """Adds a topic, in the place of the same one of an earlier run, and writes both files."""
        self._topics.pop(result.topic, None)
        self._topics[result.topic] = result
        records = [_to_json(each) for each in self._topics.values()]
        with open_atomically(self._folder / "results.json") as file:
            json.dump({"topics": records}, file, indent=1, ensure_ascii=False)
            file.write("\n")
        with open_atomically(self._folder / "results.md") as file:
            file.write(self.markdown())

    def markdown(self) -> str:
        """A section for each topic, and a table for each of its tables."""
        lines = ["# Benchmarks", "", _INTRODUCTION, ""]
        machine = None
        for result in self._topics.values():
            if result.environment.machine() != machine:
                machine = result.environment.machine()
                lines += [f"Measured on {machine}.", ""]
            lines += [f"## {result.topic}", "", _when(result), ""]
            for table in result.tables:
                lines += [*_table(table, _rows_by_name(result.tables)), ""]
        return "\n".join(lines).rstrip("\n") + "\n"


def _when(result: TopicResult) -> str:
    environment = result.environment
    text = f"{environment.date}, load average {environment.load_average} at the start"
    if result.problem is not None:
        return f"{text}; **not run**: {result.problem}"
    return f"{text}; took {result.seconds:.0f} s"


def _rows_by_name(tables: list[Table]) -> dict[str, Row]:
    return {row.name: row for table in tables for row in table.rows if isinstance(row, Row)}


def _table(table: Table, rows: dict[str, Row]) -> list[str]:
    header = ["", "median", "range", "compared", "memory", "note"]
    body = [_row_cells(row, rows) if isinstance(row, Row) else _cells(row) for row in table.rows]
    # A column in which there is nothing is left out.
    columns = [i for i in range(len(header)) if i < 2 or any(cells[i] for cells in body)]
    lines = [f"**{table.title}**", ""]
    for cells in (header, ["---"] * len(header), *body):
        lines.append("| " + " | ".join(cells[i].replace("|", "\\|") for i in columns) + " |")
    return lines


def _row_cells(row: Row, rows: dict[str, Row]) -> list[str]:
    figures = row.figures()
    spread = ""
    if len(figures) > 1:
        best, worst = sorted((min(figures), max(figures)), reverse=not row.is_time())
        spread = f"{show(best)} – {show(worst)}"
    return [
        row.name,
        f"{show(median(figures))} {row.unit}",
        spread,
        "" if row.baseline is None else _comparison(row, rows[row.baseline]),
        "" if row.peak_mib is None else f"{show(row.peak_mib)} MiB",
        row.note,
    ]


def _cells(value: Value) -> list[str]:
    return [value.name, f"{show(value.value)} {value.unit}".rstrip(), "", "", "", value.note]


def _comparison(row: Row, baseline: Row) -> str:
    ratio = row.ratio_to(baseline)
    # A twentieth says more than 0.05.
    text = f"1/{show(1 / ratio)}" if ratio < 0.5 else f"{ratio:.2f} ×"
    return f"{text} of {baseline.name}"


def show(figure: float) -> str:
    """Three digits, or all before the point."""
    size = abs(figure)
    if size >= 100 or figure == 0:
        return f"{figure:,.0f}"
    if size >= 10:
        return f"{figure:.1f}"
    return f"{figure:.2f}" if size >= 1 else f"{figure:.3g}"


def _to_json(result: TopicResult) -> dict[str, Any]:
    record = asdict(result)
    rows = _rows_by_name(result.tables)
    for table, its_record in zip(result.tables, record["tables"], strict=True):
        for row, cells in zip(table.rows, its_record["rows"], strict=True):
            if isinstance(row, Row):
                # For other programs; reading the file back leaves them out.
                cells["median"] = median(row.figures())
                if row.baseline is not None:
                    cells["ratio"] = row.ratio_to(rows[row.baseline])
    return record


def _from_json(record: dict[str, Any]) -> TopicResult:
    return TopicResult(
        topic=record["topic"],
        environment=Environment(**record["environment"]),
        seconds=record["seconds"],
        tables=[
            Table(table["topic"], table["title"], [_row_from_json(row) for row in table["rows"]])
            for table in record["tables"]
        ],
        problem=record["problem"],
    )


def _row_from_json(record: dict[str, Any]) -> Union[Row, Value]:
    if "seconds" not in record:
        return Value(**record)
    return Row(**{name: record[name] for name in record if name not in ("median", "ratio")})
