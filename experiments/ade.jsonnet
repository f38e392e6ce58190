// ADE, one of ten folds, with the paper's layers, and a frozen MPNet in ELMo's place.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

// The fold is 0 to 9; `allennlp cross-validate` goes through them.
function(fold=0)
  experiment(
    corpus=corpora.ade(fold),
    features=[features.mpnet, features.glove_50d, features.characters, features.casing],
    num_epochs=10,
  )
