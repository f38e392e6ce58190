// Your own data, in SpERT's JSON or JSON Lines. TRAIN_DATA names the file to train on; DEVELOPMENT_DATA and
// TEST_DATA can name two more. ENCODER is `minilm`, or `mpnet`, which is better and slower, or any other encoder:
// its folder, or its name on the Hugging Face hub. TOKENIZER (`rules`, `rules-keep-hyphens`, `whitespace`,
// `characters` or `word-pieces`), LANGUAGE (`en`, or any other of spaCy's), SENTENCES (`rules`, `lines`, `whole`
// or a spaCy pipeline) and ABBREVIATIONS (with commas) say how text becomes tokens and sentences, as the options
// of `convert`; the model keeps it for predicting.
local corpora = import 'lib/corpora.libsonnet';
local environment = import 'lib/environment.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

local encoder = std.get(environment, 'ENCODER', 'minilm');
local is_fetched = std.member(['minilm', 'mpnet'], encoder);

experiment(
  corpus=corpora.own,
  features=[
    if is_fetched then features[encoder] else features.transformer(encoder),
    features.characters,
    features.casing,
  ],
  shared=layers.gru(1, 128),
  ner=layers.gru(1, 128),
  relation=layers.gru(2, 128),
  batch_size=4,
)
