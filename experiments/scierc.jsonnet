// SciERC with a frozen MPNet, which reads two sentences before and after a sentence too, and only task-specific
// layers. The paper has a shared layer before them, and reads each sentence alone.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.scierc { reader+: { context_sentences: 2 } },
  features=[features.mpnet, features.glove_50d, features.characters, features.casing],
  shared=null,
  num_networks=3,
)
