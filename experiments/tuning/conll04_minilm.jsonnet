// conll04_minilm.jsonnet on CoNLL04's training and development splits, of which each fold holds out another random
// fifth. Its settings can be searched with it.
local experiment = import '../conll04_minilm.jsonnet';

local part(name, fold) = [
  { path: path, part: name, held_out: 0.2, seed: fold }
  for path in [experiment.train_data_path, experiment.validation_data_path]
];

function(fold=0) experiment {
  train_data_path: part('rest', fold),
  validation_data_path: part('held_out', fold),
}
