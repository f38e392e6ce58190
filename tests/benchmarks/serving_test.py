import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params

from benchmarks import serving
from benchmarks.experiments import experiment_params
from benchmarks.measure import Row


@pytest.fixture
def archive(settings, monkeypatch):
    """A model that is trained here, not in a process that would have to import everything."""

    def trained(experiment, settings, epochs):
        params = experiment_params(experiment, settings)
        params["trainer"]["num_epochs"] = epochs
        folder = settings.output / "model"
        train_model(Params(params), folder)
        return folder

    monkeypatch.setattr(serving, "trained", trained)


@pytest.mark.usefixtures("archive")
def test_serving(settings, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    (table,) = serving.run(settings, num_clients=(1, 3), num_requests=3, epochs=1)
    rows = {row.name: row for row in table.rows if isinstance(row, Row)}
    assert len(rows) == len(table.rows) == 2 * 2 * (1 + 3)
    for row in rows.values():
        assert len(row.seconds) == 1
        assert ("micro-batches" in row.name) == (row.baseline is not None)
        if row.baseline is not None:
            assert row.ratio_to(rows[row.baseline]) > 0
    throughput = rows["3 clients, micro-batches"]
    assert throughput.baseline == "3 clients, one at a time"
    assert throughput.work == 3
    latencies = [
        rows[f"1 client, one at a time: latency, p{percentile}"].figures()[0]
        for percentile in (50, 95, 99)
    ]
    assert 0 < latencies[0] <= latencies[1] <= latencies[2]


def test_a_server_that_does_not_start_is_an_error(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho there is no $4 >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(serving.sys, "executable", str(program))
    with (
        serving._server(tmp_path / "model.tar.gz", []) as wait_until_ready,
        pytest.raises(RuntimeError, match=r"did not start: there is no .*model\.tar\.gz"),
    ):
        wait_until_ready()
