// A whole experiment, from its parts. What it returns can be added to with `+ { … }`.
local layers = import 'layers.libsonnet';

function(
  corpus,  // see corpora.libsonnet
  features,  // see features.libsonnet
  // The three stacks, see layers.libsonnet; null for none.
  shared=layers.gru(1),
  ner=layers.gru(1),
  relation=layers.gru(2),
  // How entities are written as tags; the paper has BIO.
  tag_encoding='BIOUL',
  // In how many sequences: `one`, or one `per_type`, so that entities of different types may overlap.
  tag_sequences='one',
  // What stands for an entity in a relation; `last_token` is the paper's.
  span_extractor='last_token_and_maximum',
  // What is looked at in a pair of entities; `cosine` and `distmult` are the paper's.
  pair_features=['cosine', 'distmult', 'context', 'distance'],
  num_epochs=20,
  batch_size=16,
  // How many optimiser steps there are at least: where the training data has fewer batches, an epoch goes
  // over it several times.
  min_steps=600,
  learning_rate=0.002,
  // That of an encoder's layers that are trained with the model.
  encoder_learning_rate=2e-5,
  // null for a learning rate that stays as it is.
  learning_rate_scheduler={ type: 'slanted_triangular', cut_frac: 0.1 },
  // The probability from which on a relation is predicted. The paper has 0.9.
  relation_threshold=0.5,
  // What that is compared with: the `joint` probability of a relation and both entities, or that of the
  // `relation` alone, as in the paper.
  relation_score='joint',
  // How many networks there are, each with its own weights, that predict by their mean.
  num_networks=1,
  // A random sample of the corpus: so many batches of `batch_size` sentences in training, and of each of
  // the validation and the test split; null for all. It is drawn once, from `sampling_seed`.
  max_batches=null,
  max_test_batches=null,
  sampling_seed=0,
)
  local batches(size) = {
    batch_sampler: { type: 'bucket', batch_size: size, sorting_keys: ['tokens'] },
  };
  local enough_batches = {
    batch_sampler+: { type: 'repeated_bucket', min_batches: std.ceil(min_steps / num_epochs) },
  };
  local vocabularies = [
    feature.vocabulary
    for feature in features
    if std.objectHas(feature, 'vocabulary')
  ];
  local has_trained_layers = std.length([
    feature.name
    for feature in features
    if feature.embedder.type == 'fine_tuned_transformer'
  ]) > 0;
  local has_validation = corpus.validation != null;
  local reader = corpus.reader {
    tag_encoding: tag_encoding,
    tag_sequences: tag_sequences,
    token_indexers: { [feature.name]: feature.indexer for feature in features },
  };
  local sample(num_batches) = if num_batches == null then {} else {
    max_documents: num_batches * batch_size,
    sampling_seed: sampling_seed,
  };
  {
    dataset_reader: reader + sample(max_batches),
    [if max_test_batches != max_batches then 'validation_dataset_reader']: reader + sample(max_test_batches),
    train_data_path: corpus.train,
    [if has_validation then 'validation_data_path']: corpus.validation,
    // Nothing is learned or chosen by it: it is there for what evaluates the trained model.
    [if corpus.test != null then 'test_data_path']: corpus.test,
    datasets_for_vocab_creation: ['train'] + (if has_validation then ['validation'] else []),
    [if vocabularies != [] then 'vocabulary']: std.foldl(std.mergePatch, vocabularies, {}),
    model: {
      type: 'dts',
      text_field_embedder: {
        token_embedders: { [feature.name]: feature.embedder for feature in features },
      },
      [if shared != null then 'shared_encoder']: shared,
      [if ner != null then 'ner_encoder']: ner,
      [if relation != null then 'relation_encoder']: relation,
      entity_tagger: {
        type: 'crf',
        feedforward: { num_layers: 1, hidden_dims: 128, activations: 'tanh' },
      },
      span_extractor: { type: span_extractor },
      relation_scorer: {
        type: 'pairwise',
        feedforward: { num_layers: 1, hidden_dims: 128, activations: 'relu' },
        pair_features: [{ type: feature } for feature in pair_features],
      },
      label_embedding_dim: 25,
      dropout: 0.35,
      relation_dropout: 0.5,
      relation_loss_weight: 5.0,
      relation_threshold: relation_threshold,
      relation_score: relation_score,
      num_networks: num_networks,
    },
    data_loader: batches(batch_size) + enough_batches,
    // `evaluate` uses it, too.
    validation_data_loader: batches(32),
    trainer: {
      type: 'dts',
      num_epochs: num_epochs,
      grad_norm: 1.0,
      [if has_validation then 'validation_metric']: '+mean_f1',
      optimizer: {
        type: 'adam',
        lr: learning_rate,
        [if has_trained_layers then 'parameter_groups']: [
          [['trained_layers'], { lr: encoder_learning_rate }],
        ],
      },
      [if learning_rate_scheduler != null then 'learning_rate_scheduler']: learning_rate_scheduler,
      checkpointer: { keep_most_recent_by_count: 1 },
    },
  }
