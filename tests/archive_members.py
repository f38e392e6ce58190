"""Archives of models, file by file."""

import io
import tarfile
from pathlib import Path
from typing import Dict, Mapping


def read_members(archive: Path) -> Dict[str, bytes]:
    """The contents of the files in an archive, by their names."""
    contents = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member)
            if file is not None:
                contents[member.name] = file.read()
    return contents


def write_members(archive: Path, contents: Mapping[str, bytes]) -> None:
    """Writes an archive as AllenNLP does, without a manifest of its own."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
