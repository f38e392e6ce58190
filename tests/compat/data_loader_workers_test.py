from allennlp.data import Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers import SequenceTaggingDatasetReader


def test_workers_can_be_spawned(tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text("The###DET\tcat###NN\nA###DET\tdog###NN\n")
    loader = MultiProcessDataLoader(
        SequenceTaggingDatasetReader(),
        str(data),
        batch_size=1,
        num_workers=1,
        start_method="spawn",
    )
    loader.index_with(Vocabulary.from_instances(SequenceTaggingDatasetReader().read(str(data))))
    assert sum(1 for _ in loader) == 2
