// How raw text is divided into tokens and sentences, as five environment variables say, with the names that the
// options of `convert` have: TOKENIZER, TEXT_LANGUAGE, SENTENCES, ABBREVIATIONS and WINDOWS. A dataset reader is added to.
// (LANGUAGE alone is the language of messages on many machines, such as `en_US:en`.)
local environment = import 'environment.libsonnet';

local language = std.get(environment, 'TEXT_LANGUAGE', 'en');
local name = std.get(environment, 'TOKENIZER', 'rules');
local encoder = std.get(environment, 'ENCODER', 'minilm');
local sentences = std.get(environment, 'SENTENCES', 'rules');
local is_rules = std.member(['rules', 'rules-keep-hyphens'], name);

local tokenizers = {
  rules: { type: 'spacy_rules', language: language, split_hyphens: true },
  'rules-keep-hyphens': { type: 'spacy_rules', language: language, split_hyphens: false },
  whitespace: { type: 'whitespace' },
  characters: { type: 'characters' },
  'word-pieces': {
    type: 'word_pieces',
    model_name: if std.member(['minilm', 'mpnet'], encoder) then 'resources/' + encoder else encoder,
  },
};

local abbreviations = [
  std.stripChars(abbreviation, ' ')
  for abbreviation in std.split(std.get(environment, 'ABBREVIATIONS', ''), ',')
  if std.stripChars(abbreviation, ' ') != ''
];

local splitter =
  if sentences == 'rules' then { type: 'rules', abbreviations: abbreviations }
  else if std.length(abbreviations) > 0 then error 'ABBREVIATIONS are for SENTENCES=rules, not ' + sentences
  else if std.member(['lines', 'whole'], sentences) then { type: sentences }
  else { type: 'spacy_pipeline', pipeline: sentences };

{
  tokenizer:
    if !std.objectHas(tokenizers, name) then
      error 'TOKENIZER is %s, but must be one of %s' % [name, std.join(', ', std.objectFields(tokenizers))]
    else if std.objectHas(environment, 'TEXT_LANGUAGE') && !is_rules then
      error 'TEXT_LANGUAGE is for TOKENIZER=rules or rules-keep-hyphens, not ' + name
    else tokenizers[name],
  sentences: splitter,
  windows: std.parseInt(std.get(environment, 'WINDOWS', '1')),
}
