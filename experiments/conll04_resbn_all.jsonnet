// CoNLL04 with a ResBN-Transformer instead of every GRU.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[features.mpnet, features.glove_50d, features.characters, features.casing],
  shared=layers.resbn_transformer(1),
  ner=layers.resbn_transformer(1),
  relation=layers.resbn_transformer(2),
)
