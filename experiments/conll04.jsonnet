// CoNLL04 with the paper's layers, and a frozen MPNet in ELMo's place.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[features.mpnet, features.glove_50d, features.characters, features.casing],
  num_networks=3,
)
