"""
Writes one column of a Parquet file as a JSON list: `TABLE COLUMN OUTPUT LIBRARY`, where LIBRARY is
a folder that pyarrow is imported from, if it is there.

This file is run as a script, and imports neither the package nor AllenNLP.
"""

import json
import sys
from pathlib import Path
from typing import List


def main(arguments: List[str]) -> None:
    """Do what the module says, with the words of the command line."""
    table, column, output, library = arguments
    # Python puts the script's own folder first, whose modules have common names.
    here = str(Path(__file__).parent)
    sys.path[:] = [library, *(folder for folder in sys.path if folder != here)]
    # Not at the top: the package's modules must be importable without pyarrow.
    import pyarrow.parquet

    values = pyarrow.parquet.read_table(table, columns=[column]).column(column).to_pylist()
    Path(output).write_text(json.dumps(values), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
