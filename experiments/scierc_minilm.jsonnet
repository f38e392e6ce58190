// SciERC with a frozen MiniLM, a smaller encoder, and smaller layers.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

experiment(
  corpus=corpora.scierc,
  features=[features.minilm, features.glove_50d, features.characters, features.casing],
  shared=null,
  ner=layers.gru(1, 128),
  relation=layers.gru(2, 128),
  num_networks=3,
)
