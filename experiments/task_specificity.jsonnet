// The rows of ablations.jsonnet that are about the layers: which of them should both tasks share?
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
