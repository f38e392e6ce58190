// The input features of a token. A feature has a name, a token indexer and a token embedder. The vectors
// of an experiment's features are concatenated.
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
  // Words that are not in the training data get their vectors too.
  vocabulary: {
    pretrained_files: { [name]: file },
    min_pretrained_embeddings: { [name]: 100000 },
  },
};

// The folder for the cached features of frozen encoders.
local cache_dir = 'resources/features';

// A pretrained transformer, see docs/encoders.md. The names of fine-tuned parameters contain
// `trained_layers`.
local transformer(
  // A folder, or the name of a model on the Hugging Face hub such as 'bert-base-cased'.
  model,
  // The number of top layers to fine-tune, or 'all' for all layers and the embeddings. With 0 the encoder is
  // frozen, and runs once for each sentence.
  fine_tuned=0,
  // The highest layer that is used; null for the last. The layers above it are not computed.
  highest_layer=null,
) =
  local words = std.split(model, '/');
  // The name of a torch module cannot contain a full stop.
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
  // The mean of its layers 8 and 9, which are fine-tuned.
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
  // The last states of a bidirectional GRU over the characters of a word.
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
