// SciERC without a contextual encoder: GloVe, and spaCy's word vectors, which are cased.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.scierc,
  features=[features.glove_50d, features.spacy_300d, features.characters, features.casing],
  shared=null,
  num_networks=3,
)
