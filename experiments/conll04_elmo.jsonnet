// CoNLL04 with the paper's inputs and pair features: ELMo 5.5B, GloVe 300 d, characters, casing.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[features.elmo, features.glove_300d, features.characters, features.casing],
  pair_features=['cosine', 'distmult'],
)
