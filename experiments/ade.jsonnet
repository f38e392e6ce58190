// ADE, one of ten folds, with the paper's layers, and a frozen MPNet in ELMo's place.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

// 0 to 9.
local fold = 0;

experiment(
  corpus=corpora.ade(fold),
  features=[features.mpnet, features.glove_50d, features.characters, features.casing],
)
