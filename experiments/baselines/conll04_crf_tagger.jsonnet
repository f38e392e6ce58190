// Named entity recognition on CoNLL04 with the `crf_tagger` of allennlp-models: the inputs, the number of
// units and the training are those of conll04.jsonnet; there is one more layer.
local complete = import '../conll04.jsonnet';

local input_size = 768 + 50 + 64 + 7;  // MPNet, GloVe, characters, casing

complete {
  model: {
    type: 'crf_tagger',
    label_encoding: complete.dataset_reader.tag_encoding,
    constrain_crf_decoding: true,
    calculate_span_f1: true,
    text_field_embedder: complete.model.text_field_embedder,
    encoder: {
      type: 'gru',
      bidirectional: true,
      input_size: input_size,
      hidden_size: complete.model.ner_encoder.hidden_size,
      num_layers: complete.model.ner_encoder.num_layers + 1,
      dropout: complete.model.dropout,
    },
    dropout: complete.model.dropout,
  },
  trainer+: { validation_metric: '+f1-measure-overall' },
}
