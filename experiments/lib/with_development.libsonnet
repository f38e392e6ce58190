// An experiment that also trains on the development split, for final results. There is no validation data,
// so the last epoch is used.
function(experiment) {
  [name]: experiment[name]
  for name in std.objectFields(experiment)
  if name != 'validation_data_path'
} + {
  train_data_path: [experiment.train_data_path, experiment.validation_data_path],
  datasets_for_vocab_creation: ['train'],
  trainer: {
    [name]: experiment.trainer[name]
    for name in std.objectFields(experiment.trainer)
    if name != 'validation_metric'
  },
}
