// CoNLL04 with an MPNet of which four layers are trained with the model.
local corpora = import 'lib/corpora.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';

experiment(
  corpus=corpora.conll04,
  features=[features.mpnet_fine_tuned, features.glove_50d, features.characters, features.casing],
  shared=null,
  num_networks=3,
) + {
  trainer+: { optimizer+: { parameter_groups: [[['trained_layers'], { lr: 5e-5 }]] } },
}
