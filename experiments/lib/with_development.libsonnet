// An experiment with the development split in its training data, for the last figures. Nothing is left
// to choose an epoch by: the last one counts.
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
