// The sample corpus of case reports, without inputs that have to be fetched.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

experiment(
  corpus=corpora.sample_case_reports,
  features=[features.words(100), features.characters, features.casing],
  shared=layers.gru(1, 128),
  ner=layers.gru(1, 128),
  relation=layers.gru(2, 128),
  batch_size=8,
)
