// CoNLL04 with a frozen MiniLM: the smaller encoder.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[features.minilm, features.glove_50d, features.characters, features.casing],
)
