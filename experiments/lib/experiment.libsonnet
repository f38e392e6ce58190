// A complete experiment. Use `+ { … }` to change the returned configuration.
local layers = import 'layers.libsonnet';

function(
  corpus,  // see corpora.libsonnet
  features,  // see features.libsonnet
  // The three stacks of layers, see layers.libsonnet; null for none.
  shared=layers.gru(1),
  ner=layers.gru(1),
  relation=layers.gru(2),
  // The encoding of entities as tags; the paper has 'BIO'.
  tag_encoding='BIOUL',
  // 'one' sequence of tags, or one 'per_type', so that entities of different types may overlap.
  tag_sequences='one',
  // The representation of an entity in the RE head; 'last_token' is the paper's.
  span_extractor='last_token_and_maximum',
  // The features of a pair of entities, by type or as objects; 'cosine' and 'distmult' are the paper's.
  pair_features=['cosine', 'distmult', 'context', 'distance'],
  num_epochs=20,
  batch_size=16,
  // The least number of optimiser steps. With little training data, an epoch goes over the data several
  // times.
  min_steps=600,
  // With at most half as many training sentences, copies of them are added, up to this number, in which entities
  // are replaced by other mentions of their types; null for no copies.
  max_copied_sentences=null,
  learning_rate=0.002,
  // The learning rate of fine-tuned encoder layers.
  encoder_learning_rate=2e-5,
  // null for a constant learning rate.
  learning_rate_scheduler={ type: 'slanted_triangular', cut_frac: 0.1 },
  // Relations with at least this probability are predicted. The paper has 0.9.
  relation_threshold=0.5,
  // The probability that is compared with the threshold: the 'joint' probability of a relation and both
  // entities, or the 'relation' probability, as in the paper.
  relation_score='joint',
  // The number of networks, each with its own weights. They predict with their mean.
  num_networks=1,
  // A random sample of the corpus: the number of batches of `batch_size` sentences of the training split,
  // and of the validation and test splits; null for all sentences.
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
  local copies = if max_copied_sentences == null then {} else {
    type: 'mention_replacement',
    max_sentences: max_copied_sentences,
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
    // Training does not use it; `repeat` and other commands evaluate the trained model on it.
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
        pair_features: [
          if std.isString(feature) then { type: feature } else feature
          for feature in pair_features
        ],
      },
      label_embedding_dim: 25,
      dropout: 0.35,
      relation_dropout: 0.5,
      relation_loss_weight: 5.0,
      relation_threshold: relation_threshold,
      relation_score: relation_score,
      num_networks: num_networks,
    },
    data_loader: copies + batches(batch_size) + enough_batches,
    // Also used by `evaluate`.
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
