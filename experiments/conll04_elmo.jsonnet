// CoNLL04 with the paper's architecture and published hyper-parameters, see lib/paper.libsonnet, and with
// the paper's inputs: ELMo 5.5B, GloVe 300 d, characters, casing.
local corpora = import 'lib/corpora.libsonnet';
local features = import 'lib/features.libsonnet';
local paper = import 'lib/paper.libsonnet';

paper(
  corpus=corpora.conll04,
  features=[features.elmo, features.glove_300d, features.characters, features.casing],
  // As in conll04_paper.jsonnet.
  learning_rate=0.0005,
)
