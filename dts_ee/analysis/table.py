"""
Tables as Markdown, LaTeX and CSV.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Sequence, Union

from dts_ee.characters import in_one_line
from dts_ee.corpora.files import open_atomically

MARKDOWN = "markdown"
FORMATS = (MARKDOWN, "latex", "csv")

Value = Union[str, int, float, None]
"""What a cell can have: `None` is shown as a dash, a `float` with one decimal."""


@dataclass(frozen=True)
class Cell:
    """
    A cell that people read otherwise than programs, such as `88.1 ± 0.4`.

    # Parameters

    shown : `Value`
        What Markdown and LaTeX have.
    values : `Mapping[str, Value]`
        What CSV has, by the names of its columns, in which `{}` stands for the column's heading.
    """

    shown: Value
    values: Mapping[str, Value]


Row = Sequence[Union[Cell, Value]]


@dataclass(frozen=True)
class Table:
    """
    # Parameters

    header : `Sequence[str]`
        The headings of the columns.
    rows : `Sequence[Row]`
        The cells of each row, a `Cell` or a plain `Value` each. In CSV a `float` has six digits,
        and `None` is empty.
    """

    header: Sequence[str]
    rows: Sequence[Row]

    def render(self, format: str = MARKDOWN) -> str:
        """The table in one of `FORMATS`, without a line break at its end."""
        render = {"markdown": self._markdown, "latex": self._latex, "csv": self._csv}[format]
        return render().removesuffix("\n")

    def write_csv(self, path: Path) -> None:
        """Writes a CSV file, whole or not at all."""
        with open_atomically(path) as file:
            file.write(self.render("csv") + "\n")

    def _markdown(self) -> str:
        lines = [self.header, ["---"] * len(self.header), *self._shown()]
        return "".join(f"| {' | '.join(map(one_line, line))} |\n" for line in lines)

    def _latex(self) -> str:
        # Imported late, as it takes a while.
        from pandas import DataFrame

        alignment = "l" + "r" * (len(self.header) - 1)
        frame = DataFrame(self._shown(), columns=self.header)
        text = frame.to_latex(index=False, escape=True, column_format=alignment)
        for character, command in {"±": r"$\pm$", "−": "$-$", "–": "--"}.items():
            text = text.replace(character, command)
        # A hyphen is shorter than a minus.
        return re.sub(r"(?<=[ (])-(?=\d)", "$-$", text)

    def _csv(self) -> str:
        from pandas import DataFrame

        rows = [
            {
                name.format(heading): value
                for heading, cell in zip(self.header, row, strict=True)
                for name, value in _values(cell).items()
            }
            for row in self.rows
        ]
        frame = DataFrame(rows or {heading: [] for heading in self.header})
        return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")

    def _shown(self) -> list[list[str]]:
        return [[_shown(cell) for cell in row] for row in self.rows]


def one_line(text: str) -> str:
    """Text that ends neither a line of Markdown nor a cell."""
    return in_one_line(text).replace("|", "\\|")


def _shown(cell: Union[Cell, Value]) -> str:
    value = cell.shown if isinstance(cell, Cell) else cell
    if value is None:
        return "–"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _values(cell: Union[Cell, Value]) -> Mapping[str, Value]:
    return cell.values if isinstance(cell, Cell) else {"{}": cell}
