// ADE with three networks. `allennlp cross-validate` trains on the folds 0 to 9.
local with_development = import '../lib/with_development.libsonnet';

function(fold=0)
  with_development((import '../ade.jsonnet')(fold)) + { model+: { num_networks: 3 } }
