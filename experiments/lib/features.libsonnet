// What a token is made of. Each feature is a name, a token indexer and a token embedder; an
// experiment concatenates those that it lists.
local glove(name, dim, file) = {
  name: name,
  indexer: { type: 'single_id', namespace: name, lowercase_tokens: true },
  embedder: {
    type: 'embedding',
    vocab_namespace: name,
    embedding_dim: dim,
    pretrained_file: file,
    trainable: false,
  },
  // The words of new text are more than those of the training data.
  vocabulary: {
    pretrained_files: { [name]: file },
    min_pretrained_embeddings: { [name]: 100000 },
  },
};

// What a frozen encoder says about a sentence is kept here for the runs to come.
local cache_dir = 'resources/features';

// A pretrained transformer: see docs/encoders.md. Whatever it is, its parameters that are trained have
// `trained_layers` in their names.
local transformer(
  // A folder, or a name of the Hugging Face hub such as 'bert-base-cased'.
  model,
  // How many of its layers are trained with the model, or 'all', with the embeddings. None: frozen, so that
  // it runs once for each sentence.
  fine_tuned=0,
  // The highest layer that is used: null for the last. What is above it is not computed.
  highest_layer=null,
) =
  local words = std.split(model, '/');
  // torch takes no full stop in the name of a module.
  local name = std.strReplace(words[std.length(words) - 1], '.', '_');
  if fine_tuned == 0 then {
    name: name,
    indexer: { type: 'word_pieces', model_name: model },
    embedder: {
      type: 'frozen_transformer',
      model_name: model,
      layers: if highest_layer == null then 'all' else std.range(0, highest_layer),
      layer_mix: 'mean',
      cache_dir: cache_dir,
    },
  } else {
    name: name + '_trained',
    indexer: { type: 'word_pieces', model_name: model },
    embedder: {
      type: 'fine_tuned_transformer',
      model_name: model,
      num_trained_layers: fine_tuned,
      [if highest_layer != null then 'highest_layer']: highest_layer,
      cache_dir: cache_dir,
    },
  };

{
  transformer:: transformer,
  // all-mpnet-base-v2: 768 d, uncased. Without the last three of its 12 layers.
  mpnet: transformer('resources/mpnet', highest_layer=9),
  // Layers 8 and 9 of the same, which are trained with the model, by their mean.
  mpnet_fine_tuned: transformer('resources/mpnet', fine_tuned=2, highest_layer=9),
  // all-MiniLM-L6-v2: 384 d, uncased.
  minilm: transformer('resources/minilm'),
  // ELMo 5.5B: 1024 d, the paper's contextual encoder.
  elmo: {
    name: 'elmo',
    indexer: { type: 'elmo_characters' },
    embedder: {
      type: 'frozen_elmo',
      options_file: 'resources/elmo-5.5b/options.json',
      weight_file: 'resources/elmo-5.5b/weights.hdf5',
      cache_dir: cache_dir,
    },
  },
  glove_50d: glove('glove', 50, 'resources/glove-6b-50d/glove.6B.50d.txt'),
  glove_300d: glove('glove', 300, 'resources/glove-6b-300d/glove.6B.300d.txt'),
  // spaCy's en_core_web_md: 300 d for half a million words, in upper and lower case.
  spacy_300d: {
    name: 'spacy',
    indexer: { type: 'spacy_vectors', folder: 'resources/spacy-md-vectors' },
    embedder: { type: 'spacy_vectors', folder: 'resources/spacy-md-vectors' },
  },
  // Word vectors learned from the training data alone.
  words(dim):: {
    name: 'words',
    indexer: { type: 'single_id', namespace: 'words', lowercase_tokens: true },
    embedder: { type: 'embedding', vocab_namespace: 'words', embedding_dim: dim },
  },
  // One bidirectional GRU over a word's characters: the last states of both directions.
  characters: {
    name: 'characters',
    indexer: { type: 'characters', namespace: 'characters', min_padding_length: 1 },
    embedder: {
      type: 'distinct_character_encoding',
      embedding: { vocab_namespace: 'characters', embedding_dim: 25 },
      encoder: { type: 'gru', input_size: 25, hidden_size: 32, bidirectional: true },
    },
  },
  casing: {
    name: 'casing',
    indexer: { type: 'casing' },
    embedder: { type: 'casing' },
  },
}
