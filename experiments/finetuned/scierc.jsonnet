// SciERC with a fine-tuned SciBERT, or the encoder ENCODER, for a GPU.
local corpora = import '../lib/corpora.libsonnet';
local fine_tuned = import '../lib/fine_tuned.libsonnet';

fine_tuned(corpus=corpora.scierc, encoder='allenai/scibert_scivocab_cased')
