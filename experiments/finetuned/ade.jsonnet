// ADE, one of ten folds, with a fine-tuned BioBERT, or the encoder ENCODER, for a GPU.
local corpora = import '../lib/corpora.libsonnet';
local fine_tuned = import '../lib/fine_tuned.libsonnet';

// `allennlp cross-validate` trains on the folds 0 to 9.
function(fold=0)
  fine_tuned(corpus=corpora.ade(fold), encoder='dmis-lab/biobert-v1.1', num_epochs=10)
