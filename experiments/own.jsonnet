// Your own data, in SpERT's JSON or JSON Lines. TRAIN_DATA is the file to train on; DEVELOPMENT_DATA and
// TEST_DATA are optional. ENCODER is `minilm` (the default), `mpnet`, which is better and slower, or the folder
// or Hugging Face name of another encoder.
// TOKENIZER (`rules`, `rules-keep-hyphens`, `whitespace`, `characters` or `word-pieces`), TEXT_LANGUAGE (`en` by
// default), SENTENCES (`rules`, `lines`, `whole` or a spaCy pipeline), ABBREVIATIONS (with commas) and WINDOWS (how
// many sentences are one document) set how text is tokenised and split, like the options of `convert`; the model
// keeps them for prediction.
// FROM_ARCHIVE is a model to train further: an archive, the folder of a training, or a model's name. It has its
// own encoder and tokenizer.
local corpora = import 'lib/corpora.libsonnet';
local environment = import 'lib/environment.libsonnet';
local experiment = import 'lib/experiment.libsonnet';
local features = import 'lib/features.libsonnet';
local layers = import 'lib/layers.libsonnet';

local encoder = std.get(environment, 'ENCODER', 'minilm');
local is_fetched = std.member(['minilm', 'mpnet'], encoder);

local goes_on = std.objectHas(environment, 'FROM_ARCHIVE');
local of_the_archive = [
  variable
  for variable in ['ENCODER', 'TOKENIZER', 'TEXT_LANGUAGE', 'SENTENCES', 'ABBREVIATIONS', 'WINDOWS']
  if goes_on && std.objectHas(environment, variable)
];
assert of_the_archive == [] :
       'with FROM_ARCHIVE, the archive has its own %s: leave the variables out' % std.join(', ', of_the_archive);

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
  // Up to 150 sentences are copied, with other mentions of the same types.
  max_copied_sentences=300,
) + { [if goes_on then 'from_archive']: environment.FROM_ARCHIVE }
