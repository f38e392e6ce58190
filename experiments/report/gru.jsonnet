// Table 3 of the report on the paper's re-implementation, first row: the paper's architecture on a random
// sample: 100 batches of two sentences for training, and 25 batches of each of the other splits.
local corpora = import '../lib/corpora.libsonnet';
local paper = import '../lib/paper.libsonnet';

paper(
  corpus=corpora.conll04,
  max_batches=100,
  max_test_batches=25,
)
