// The rows of `allennlp ablate`: a function of the complete experiment, which returns experiments without
// one part, or with one change. Parts that the experiment does not have are skipped. `only` is the task of
// an experiment with a single task. `pipeline` names two rows: the models of the second extract relations
// between the entities that the models of the first predict.
local without(object, names) = {
  [name]: object[name]
  for name in std.objectFields(object)
  if !std.member(names, name)
};
local is_contextual(embedder) =
  std.startsWith(embedder.type, 'frozen_') || std.startsWith(embedder.type, 'fine_tuned_');
local depth(stack) = if stack == null then 0 else std.get(stack, 'num_layers', 1);

function(experiment)
  local embedders = experiment.model.text_field_embedder.token_embedders;
  local stack(name) = std.get(experiment.model, name);
  local has_scorer = std.objectHas(experiment.model, 'relation_scorer');
  local pair_features = if has_scorer then std.get(experiment.model.relation_scorer, 'pair_features', []) else [];

  local with_model(model) = experiment { model+: model };
  local without_stack(name) = experiment { model: without(experiment.model, [name]) };
  local without_pair_feature(type) = with_model({
    relation_scorer+: { pair_features: [feature for feature in pair_features if feature.type != type] },
  });
  local without_inputs(names) = experiment {
    dataset_reader+: { token_indexers: without(super.token_indexers, names) },
    // The reader of a sample of the validation and test splits, see lib/experiment.libsonnet.
    [if std.objectHas(experiment, 'validation_dataset_reader') then 'validation_dataset_reader']+: {
      token_indexers: without(super.token_indexers, names),
    },
    model+: { text_field_embedder+: { token_embedders: without(embedders, names) } },
    [if std.objectHas(experiment, 'vocabulary') then 'vocabulary']: {
      [option]:
        local value = experiment.vocabulary[option];
        if std.isObject(value) then without(value, names) else value
      for option in std.objectFields(experiment.vocabulary)
    },
  };
  local inputs_where(condition) = [name for name in std.objectFields(embedders) if condition(embedders[name])];
  local inputs = {
    'character vectors': inputs_where(function(embedder) std.endsWith(embedder.type, 'character_encoding')),
    casing: inputs_where(function(embedder) embedder.type == 'casing'),
    'word vectors': inputs_where(function(embedder) std.member(['embedding', 'spacy_vectors'], embedder.type)),
    'contextual encoder': inputs_where(is_contextual),
  };

  local shared = stack('shared_encoder');
  local specific = std.max(depth(stack('ner_encoder')), depth(stack('relation_encoder')));
  local stacks = [encoder for encoder in [shared, stack('relation_encoder'), stack('ner_encoder')] if encoder != null];
  local shared_layers(number) = stacks[0] {
    num_layers: number,
    // The same dropout as the model's before each stack.
    [if std.objectHas(stacks[0], 'dropout') then 'dropout']:
      if number > 1 then std.get(experiment.model, 'dropout', 0.35) else 0.0,
  };

  [{ name: 'complete', experiment: experiment }]
  + [
    { name: 'no %s' % row[0], experiment: without_stack(row[1]) }
    for row in [
      ['shared layers', 'shared_encoder'],
      ['NER-specific layers', 'ner_encoder'],
      ['RE-specific layers', 'relation_encoder'],
    ]
    if stack(row[1]) != null
  ]
  + (if specific == 0 then [] else [{
       name: 'all layers shared',
       experiment: experiment {
         model: without(experiment.model, ['ner_encoder', 'relation_encoder']) {
           shared_encoder: shared_layers(depth(shared) + specific),
         },
       },
     }])
  + (if shared != null || specific == 0 then [] else [{
       name: 'a shared layer before them',
       experiment: with_model({ shared_encoder: shared_layers(1) }),
     }])
  + [
    { name: 'NER alone', only: 'entities', experiment: with_model({ tasks: 'entities' }) },
    { name: 'RE alone, gold entities', only: 'relations', experiment: with_model({ tasks: 'relations' }) },
    { name: 'pipeline of these two', pipeline: ['NER alone', 'RE alone, gold entities'] },
    { name: 'predicted labels in training', experiment: with_model({ training_labels: 'predicted' }) },
    { name: 'no label embeddings', experiment: with_model({ label_embedding_dim: 0 }) },
  ]
  + [
    { name: '%s alone' % row[0], experiment: with_model({ [row[1]]: row[2] }) }
    for row in [
      ["entities' last tokens", 'span_extractor', { type: 'last_token' }],
      ["relations' own probability", 'relation_score', 'relation'],
      ['one network', 'num_networks', 1],
    ]
    if std.get(experiment.model, row[1], row[2]) != row[2]
  ]
  + [
    { name: 'no %s' % feature.type, experiment: without_pair_feature(feature.type) }
    for feature in pair_features
  ]
  + [
    { name: 'no %s' % input, experiment: without_inputs(inputs[input]) }
    for input in ['character vectors', 'casing', 'word vectors', 'contextual encoder']
    if inputs[input] != [] && std.length(std.objectFields(embedders)) > std.length(inputs[input])
  ]
