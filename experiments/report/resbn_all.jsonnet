// Table 3 of the report, third row: gru.jsonnet with a ResBN-Transformer instead of every GRU.
local corpora = import '../lib/corpora.libsonnet';
local layers = import '../lib/layers.libsonnet';
local paper = import '../lib/paper.libsonnet';

paper(
  corpus=corpora.conll04,
  shared=layers.resbn_transformer(1, 512),
  ner=layers.resbn_transformer(1, 512),
  relation=layers.resbn_transformer(2, 512),
  max_batches=100,
  max_test_batches=25,
)
