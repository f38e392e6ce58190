// ADE, one of ten folds, with a ResBN-Transformer instead of every GRU.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

// `allennlp cross-validate` trains on the folds 0 to 9.
function(fold=0)
  experiment(
    corpus=corpora.ade(fold),
    features=[features.mpnet, features.glove_50d, features.characters, features.casing],
    shared=layers.resbn_transformer(1),
    ner=layers.resbn_transformer(1),
    relation=layers.resbn_transformer(2),
    num_epochs=10,
  )
