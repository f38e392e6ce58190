import os
import signal
import subprocess
import sys
import time

PARENT = """
import os, subprocess, sys, time
from dts_ee_command import open_package
open_package()
from dts_ee.parent_process import environment_of_child
child = subprocess.Popen(
    [sys.executable, "-c", sys.argv[1]], env={**os.environ, **environment_of_child()}
)
print(child.pid, flush=True)
time.sleep(60)
"""
CHILD = """
import os, time
from dts_ee_command import open_package
open_package()
from dts_ee.parent_process import end_with_parent_if_asked
end_with_parent_if_asked()
assert not [name for name in os.environ if name.startswith("DTS_EE_PARENT")]
time.sleep(60)
"""


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Where nothing collects orphans, an ended process stays as a zombie.
    with open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_a_process_ends_after_its_parent_was_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(1)
    assert runs(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while runs(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not runs(child)
