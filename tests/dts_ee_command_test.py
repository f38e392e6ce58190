import os
import subprocess
import sys

import pytest
import spacy
import torch
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
        f"dts-ee {dts_ee.__version__} (AllenNLP {allennlp_version}, torch {torch.__version__}, "
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


def test_plain_allennlp_reports_this_packages_errors_too(tmp_path):
    program = "from allennlp.__main__ import run; run()"
    (tmp_path / ".allennlp_plugins").write_text("dts_ee\n")
    program = f"import os; os.chdir({str(tmp_path)!r}); {program}"
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_python(program, "render", "nowhere.jsonl", "page.html", ALLENNLP_LOG_LEVEL="ERROR")
    assert failed.value.returncode == 2
    last = failed.value.stderr.splitlines()[-1]
    assert last == "error: file nowhere.jsonl: there is no such file"
    assert "Traceback" not in failed.value.stderr


def test_the_module_is_the_command():
    completed = subprocess.run(
        [sys.executable, "-m", "dts_ee", "--version"], cwd=PROJECT, capture_output=True, text=True
    )
    assert completed.stdout == f"{versions()}\n"


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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch does not use GNU's OpenMP")
def test_the_spinning_is_limited_before_openmp_is_loaded():
    program = "from dts_ee_command import spin_less; spin_less(); import torch; torch.ones(1)"
    shown = run_python(program, OMP_DISPLAY_ENV="VERBOSE").stderr
    assert f"GOMP_SPINCOUNT = '{SPIN_COUNT}'" in shown


def test_a_command_keeps_what_was_imported_out_of_the_garbage_collection():
    program = (
        "import dts_ee_command, gc, sys\n"
        "def stop(prog):\n"
        "    print(prog, gc.isenabled(), gc.get_freeze_count() > gc.get_count()[0])\n"
        "import allennlp.commands\n"
        "allennlp.commands.main = stop\n"
        "dts_ee_command.run()\n"
    )
    assert run_python(program, "train").stdout.splitlines() == ["dts-ee True True"]
