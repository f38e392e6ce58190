// ADE, one of ten folds, with a frozen MiniLM: the smaller encoder.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

// 0 to 9.
local fold = 0;

experiment(
  corpus=corpora.ade(fold),
  features=[features.minilm, features.glove_50d, features.characters, features.casing],
)
