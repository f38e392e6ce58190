// ADE, one of ten folds, without a contextual encoder.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

// `allennlp cross-validate` trains on the folds 0 to 9.
function(fold=0)
  experiment(
    corpus=corpora.ade(fold),
    features=[features.glove_50d, features.characters, features.casing],
    num_epochs=10,
  )
