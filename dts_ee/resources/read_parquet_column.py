"""
A script that writes a column of a Parquet file as a JSON list.

Its arguments are TABLE COLUMN OUTPUT LIBRARY, where LIBRARY is a folder from which pyarrow is
imported, if it exists. It imports neither this package nor AllenNLP.
"""

import json
import sys
from pathlib import Path
from typing import List


def main(arguments: List[str]) -> None:
    """Runs the script."""
    table, column, output, library = arguments
    # Python puts the script's folder first, whose modules would hide others of the same name.
    script_folder = str(Path(__file__).parent)
    sys.path[:] = [library, *(folder for folder in sys.path if folder != script_folder)]
    # Not at the top: the package's modules must be importable without pyarrow.
    import pyarrow.parquet

    values = pyarrow.parquet.read_table(table, columns=[column]).column(column).to_pylist()
    Path(output).write_text(json.dumps(values), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
