// ADE, one of ten folds, with the paper's inputs, sizes and pair features: ELMo 5.5B, GloVe 300 d,
// characters, casing.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

// `allennlp cross-validate` trains on the folds 0 to 9.
function(fold=0)
  experiment(
    corpus=corpora.ade(fold),
    features=[features.elmo, features.glove_300d, features.characters, features.casing],
    shared=layers.gru(1, 256),
    ner=layers.gru(1, 256),
    relation=layers.gru(2, 256),
    pair_features=['cosine', 'distmult'],
    num_epochs=10,
  )
