"""The benchmarks as `make bench` runs them."""

import json
import shutil

import pytest

import benchmarks.conftest
from tests.paths import PROJECT


def test_tables_ratios_and_what_is_missing(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmarks.conftest, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path)
    # In one of `make test`'s processes the plugin would be off.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    shutil.rmtree(folders.resources / "minilm")
    topics = [
        str(PROJECT / "benchmarks" / topic)
        for topic in ("decoding_benchmark.py::measure_decoding", "serving_benchmark.py")
    ]
    assert pytest.main([*topics, "--benchmark-min-rounds=3"]) == 0
    output = capsys.readouterr().out
    assert "run dts-ee fetch minilm" in output
    assert "1 passed, 1 skipped" in output
    (file,) = (tmp_path / "out" / "bench").glob("*/0001_*.json")
    saved = json.loads(file.read_text())
    assert saved["machine_info"]["threads"] >= 1
    theirs, ours, *of_loss = saved["benchmarks"]
    assert (theirs["name"], ours["name"], len(of_loss)) == ("AllenNLP", "dts_ee", 2)
    assert theirs["group"] == ours["group"] != of_loss[0]["group"]
    seconds = [row["stats"]["data"] for row in (theirs, ours)]
    assert len(seconds[0]) == 3
    ratios = sorted(own / other for other, own in zip(*seconds, strict=True))
    ratio = ours["extra_info"]["ratio to AllenNLP"]
    assert ratio == pytest.approx(ratios[1])
    shown = f"1/{1 / ratio:.3g}" if ratio < 0.5 else f"{ratio:.3g}"
    assert f"dts_ee: ratio to AllenNLP {shown}\n" in output
    assert "Median" in output and theirs["group"] in output
