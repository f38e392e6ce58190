from dataclasses import replace

from dts_ee.corpora.predictions import Prediction, write_predictions
from dts_ee.runs.ablation import Ablation, AblationResult
from dts_ee.runs.ablation_table import AblationTable
from dts_ee.runs.run_folder import SEED, Run, RunFolder
from dts_ee.tasks import ENTITIES, RELATIONS
from tests.documents import document
from tests.runs.csv_tables import read_rows
from tests.runs.examples import result, summary
from tests.scores import metrics

GOLD = document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)])
NOTHING = replace(GOLD, entities=(), relations=())


def finished(directory, ablation, predicted, *f1s):
    """An ablation whose seeds have these F1 of entities and relations on the test split."""
    results = []
    for seed, (entities, relations) in enumerate(f1s, start=1):
        folder = RunFolder.within(directory / ablation.name, Run(SEED, seed))
        folder.path.mkdir(parents=True)
        write_predictions(folder.test_predictions, [Prediction(predicted, GOLD)])
        test = metrics({ENTITIES.micro: entities, RELATIONS.micro: relations})
        results.append(result(seed, test=test))
    return AblationResult(ablation, directory / ablation.name, summary(*results))


def test_differences_from_the_first_row(tmp_path):
    results = [
        finished(tmp_path, Ablation("all", None, {}), GOLD, (0.9, 0.5), (0.7, 0.5)),
        finished(tmp_path, Ablation("less", None, {}), NOTHING, (0.75, 0.5625)),
        finished(tmp_path, Ablation("NER", "entities", {}), NOTHING, (0.75, 0.5)),
        finished(tmp_path, Ablation("RE", "relations", {}), NOTHING, (0.75, 0.5)),
    ]
    table = AblationTable(tmp_path, tmp_path / "a.jsonnet")
    table.write(results)
    # One sentence is as likely to be on either side.
    assert table.table(results).render().splitlines() == [
        "|  | seeds | development NER micro | development RE micro | test NER micro | "
        "test RE micro | test NER macro | test RE macro |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| all | 2 | 75.0 ± 7.1 | 50.0 ± 0.0 | 80.0 ± 14.1 | 50.0 ± 0.0 | – | – |",
        "| less | 1 | 80.0 | 50.0 | 75.0 (-5.0, p = 1.000) | 56.2 (+6.2, p = 1.000) | – | – |",
        "| NER | 1 | 80.0 | – | 75.0 (-5.0, p = 1.000) | – | – | – |",
        "| RE | 1 | – | 50.0 | – | 50.0 | – | – |",
    ]
    assert table.table(results).render() in table.file.read_text(encoding="utf-8")
    complete, less, entities, relations = read_rows(tmp_path / "ablations.csv")
    names = ["F1 mean (%)", "F1 standard deviation (%)", "F1 difference (percentage points)", "p"]
    for row, ner, re in [
        (complete, ["80", "14.1421", "", ""], ["50", "0", "", ""]),
        (less, ["75", "", "-5", "1"], ["56.25", "", "6.25", "1"]),
        (entities, ["75", "", "-5", "1"], ["", "", "", ""]),
        (relations, ["", "", "", ""], ["50", "", "", ""]),
    ]:
        assert [row[f"test NER micro {name}"] for name in names] == ner
        assert [row[f"test RE micro {name}"] for name in names] == re
    assert [complete["ablation"], complete["seeds"]] == ["all", "2"]
    assert complete["development NER micro F1 mean (%)"] == "75"
