// The paper's architecture (Crone 2020) with the hyper-parameters of the report on its re-implementation
// (Choudhary and Vyas, https://github.com/vedantc6/mtl-dts). For settings that are not in the report: the
// learning rate is constant, and the number of epochs and the average of the relation loss are the defaults
// of this project.
local experiment = import 'experiment.libsonnet';
local features = import 'features.libsonnet';
local layers = import 'layers.libsonnet';

// MPNet instead of the paper's ELMo, and GloVe with 50 d instead of 300 d. All of MPNet's layers are mixed
// with trained weights, like those of ELMo.
local mpnet = features.mpnet { embedder+: { layers: 'all', layer_mix: 'trained' } };
local inputs = [mpnet, features.glove_50d, features.characters, features.casing];

function(
  corpus,  // see corpora.libsonnet
  features=inputs,  // see features.libsonnet
  // The three stacks of layers, see layers.libsonnet; null for none.
  shared=layers.gru(1, 256),
  ner=layers.gru(1, 256),
  relation=layers.gru(2, 256),
  // 0.003 in the report's text, 0.0005 in its code.
  learning_rate=0.003,
  // A random sample, see experiment.libsonnet.
  max_batches=null,
  max_test_batches=null,
)
  experiment(
    corpus=corpus,
    features=features,
    shared=shared,
    ner=ner,
    relation=relation,
    tag_encoding='BIO',
    span_extractor='last_token',
    pair_features=['cosine', 'distmult'],
    batch_size=2,
    learning_rate=learning_rate,
    learning_rate_scheduler=null,
    relation_threshold=0.9,
    relation_score='relation',
    max_batches=max_batches,
    max_test_batches=max_test_batches,
  )
