// The rows of ablations.jsonnet on shared and task-specific layers.
local ablations = import 'ablations.jsonnet';

function(experiment) [
  row
  for row in ablations(experiment)
  if std.member([
    'complete',
    'no shared layers',
    'a shared layer before them',
    'no NER-specific layers',
    'no RE-specific layers',
    'all layers shared',
  ], row.name)
]
