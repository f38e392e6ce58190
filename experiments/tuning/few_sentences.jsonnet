// own.jsonnet on samples of thirty training sentences: folds 0, 3, 6, … are samples of CoNLL04, 1, 4, 7, … of ADE,
// and 2, 5, 8, … of SciERC. The settings of own.jsonnet are searched with it.
local corpora = import '../lib/corpora.libsonnet';
local own = import '../own.jsonnet';

function(fold=0)
  local corpus = [corpora.conll04, corpora.ade(0), corpora.scierc][fold % 3];
  local draw = 101 + std.floor(fold / 3);
  own {
    dataset_reader+: { max_documents: 30, sampling_seed: draw },
    validation_dataset_reader: own.dataset_reader { max_documents: 125 },
    train_data_path: corpus.train,
    validation_data_path: corpus.validation,
    datasets_for_vocab_creation: ['train', 'validation'],
    trainer+: { validation_metric: '+mean_f1' },
    random_seed: draw,
    numpy_seed: draw,
    pytorch_seed: draw,
  }
