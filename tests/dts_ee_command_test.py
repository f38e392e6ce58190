import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import spacy
import transformers
from allennlp import __version__ as allennlp_version

import dts_ee
from dts_ee_command import SPIN_COUNT, spin_less, versions
from tests.paths import PROJECT

RUN = "from dts_ee_command import run; run()"


def run_python(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs a program with this project's modules, and what is given beside the environment."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**inherited, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_version_names_what_it_runs_on_and_imports_none_of_it():
    assert versions() == (
        # torch's own variable has the variant, such as +cu130, also where the package has it not.
        f"dts-ee {dts_ee.__version__} (AllenNLP {allennlp_version}, torch {version('torch')}, "
        f"transformers {transformers.__version__}, spaCy {spacy.__version__}, "
        f"Python {sys.version.split()[0]})"
    )
    shown = run_python(
        f"{RUN}; import sys; print({{'allennlp', 'dts_ee', 'torch'}} & sys.modules.keys())",
        "--version",
    ).stdout
    assert shown.splitlines() == [versions(), "set()"]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--debug"]])
def test_help_names_the_program_and_both_packages_commands(arguments):
    completed = run_python(f"import sys; sys.argv[0] = 'x'; {RUN}", *arguments)
    assert completed.stdout.startswith("usage: dts-ee ")
    assert {"train", "evaluate", "predict", "fetch"} <= set(completed.stdout.split())


HEAVY = {"allennlp", "h5py", "huggingface_hub", "numpy", "requests", "spacy", "torch"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fetch", "--list"], ["fetch", "--list", "minilm", "--debug"]]
)
def test_what_only_says_what_there_is_imports_nothing_heavy(arguments):
    program = f"{RUN}; import sys; print(sorted({HEAVY} & sys.modules.keys()))"
    lines = run_python(program, *arguments).stdout.splitlines()
    assert len(lines) > 2
    assert lines[-1] == "[]"


def test_a_light_commands_mistake_is_one_line():
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_python(RUN, "fetch", "minlm")
    assert failed.value.returncode == 2
    assert failed.value.stderr == (
        "error: argument NAME: there is no 'minlm'; did you mean minilm? "
        "(more: dts-ee fetch --help)\n"
    )


def test_threads_spin_less_unless_the_environment_says_how_long(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    # So that the test's environment is put back.
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    spin_less()
    assert os.environ["GOMP_SPINCOUNT"] == "7"
    del os.environ["GOMP_SPINCOUNT"]
    spin_less()
    assert os.environ["GOMP_SPINCOUNT"] == str(SPIN_COUNT)
    del os.environ["GOMP_SPINCOUNT"]
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    spin_less()
    assert "GOMP_SPINCOUNT" not in os.environ


def test_before_a_command_openmp_and_garbage_collection_are_set_up():
    program = (
        "import dts_ee_command, gc, sys\n"
        "def stop(prog):\n"
        "    import torch; torch.ones(1)\n"
        "    print(prog, gc.isenabled(), gc.get_freeze_count() > gc.get_count()[0])\n"
        "import allennlp.commands\n"
        "allennlp.commands.main = stop\n"
        "dts_ee_command.run()\n"
    )
    completed = run_python(program, "train", OMP_DISPLAY_ENV="VERBOSE")
    assert completed.stdout.splitlines() == ["dts-ee True True"]
    # Elsewhere, torch does not use GNU's OpenMP.
    if sys.platform == "linux":
        assert f"GOMP_SPINCOUNT = '{SPIN_COUNT}'" in completed.stderr
