"""Runs the examples of docs/tutorial.md in their order, in build/tutorial, for `make docs`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

from scripts.docs.markdown import CodeBlock, code_blocks

PAGE = Path("docs/tutorial.md")
FOLDER = Path("build/tutorial")

ONE_EPOCH = """ --overrides '{"trainer.num_epochs": 1}'"""
"""Makes the training a matter of seconds: the others only have to run."""


def main() -> None:
    """
    # Raises

    `SystemExit`
        If an example fails.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name in ("experiments", "fixtures"):
        (FOLDER / name).symlink_to(Path(name).resolve())
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(paths)}
    for block in code_blocks(PAGE.read_text(encoding="utf-8")):
        command = command_of(block)
        if command:
            print(f"{PAGE}, line {block.line}: {block.code.splitlines()[0]}", flush=True)
            result = subprocess.run(
                command, cwd=FOLDER, env=environment, capture_output=True, text=True
            )
            if result.returncode:
                sys.exit(f"{PAGE}, line {block.line}: this example fails\n{result.stderr}")


def command_of(block: CodeBlock) -> List[str]:
    """The command that runs an example; empty for other blocks and for the installation."""
    if block.language == "python":
        return [sys.executable, "-c", block.code]
    if block.language == "sh" and not block.code.startswith("make "):
        script = re.sub("^dts-ee train .*$", rf"\g<0>{ONE_EPOCH}", block.code, flags=re.MULTILINE)
        return ["sh", "-ec", script]
    return []


if __name__ == "__main__":
    main()
