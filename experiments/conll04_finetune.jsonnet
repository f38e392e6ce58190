// CoNLL04 with the frozen MPNet, and in addition two of its layers, fine-tuned.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[
    features.mpnet,
    features.mpnet_fine_tuned,
    features.glove_50d,
    features.characters,
    features.casing,
  ],
  shared=null,
)
