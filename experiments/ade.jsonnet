// ADE, one of ten folds, with the paper's layers, and a frozen MPNet instead of ELMo.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

// `allennlp cross-validate` trains on the folds 0 to 9.
function(fold=0)
  experiment(
    corpus=corpora.ade(fold),
    features=[features.mpnet, features.glove_50d, features.characters, features.casing],
    num_epochs=10,
  )
