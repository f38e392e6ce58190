// SciERC with a frozen MPNet and only task-specific layers. The paper has a shared layer before them.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.scierc,
  features=[features.mpnet, features.glove_50d, features.characters, features.casing],
  shared=null,
  num_networks=3,
)
