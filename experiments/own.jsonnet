// Your own data, in SpERT's JSON or JSON Lines, with a frozen MiniLM. TRAIN_DATA, DEVELOPMENT_DATA and
// TEST_DATA name the files; `--overrides` can name others.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

experiment(
  corpus=corpora.own,
  features=[features.minilm, features.characters, features.casing],
  shared=layers.gru(1, 128),
  ner=layers.gru(1, 128),
  relation=layers.gru(2, 128),
)
