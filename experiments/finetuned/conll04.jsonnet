// CoNLL04 with a fine-tuned BERT, or the encoder ENCODER, for a GPU.
local corpora = import '../lib/corpora.libsonnet';
local fine_tuned = import '../lib/fine_tuned.libsonnet';

fine_tuned(corpus=corpora.conll04, encoder='bert-base-cased')
