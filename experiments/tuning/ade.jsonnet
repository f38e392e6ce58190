// ade.jsonnet on a thousand of a fold's training sentences. The settings of ade.jsonnet are searched with it.
local ade = import '../ade.jsonnet';

function(fold=0)
  local experiment = ade(fold);
  experiment {
    dataset_reader+: { max_documents: 1000 },
    validation_dataset_reader: experiment.dataset_reader,
  }
