// An experiment with an encoder of which all layers are fine-tuned, for a GPU. ENCODER is another encoder than the
// default: a folder, or a name on the Hugging Face hub; ENCODER_LAYERS is the number of its layers, by default 12. With
// GRADIENT_CHECKPOINTING=true, training takes less memory and more time; MPNet cannot. With ENTITY_MARKERS=true, a second
// encoder reads the sentence of each pair of entities with markers around them.
local environment = import 'environment.libsonnet';
local experiment = import 'experiment.libsonnet';
local features = import 'features.libsonnet';
local layers = import 'layers.libsonnet';

function(
  corpus,  // see corpora.libsonnet
  encoder,
  // The learning rate of the encoder's last layer; the other parameters have `learning_rate`.
  encoder_learning_rate=5e-5,
  // A layer has this share of the learning rate of the layer above it.
  layer_decay=0.9,
  learning_rate=0.001,
  weight_decay=0.01,
  num_epochs=20,
  batch_size=8,
)
  local is_on(variable) =
    local value = std.get(environment, variable, 'false');
    if std.member(['true', 'false'], value) then value == 'true' else error variable + ' is true or false';
  local checkpointing = { [if is_on('GRADIENT_CHECKPOINTING') then 'gradient_checkpointing']: true };
  local num_layers = std.parseInt(std.get(environment, 'ENCODER_LAYERS', '12'));
  local transformer = features.transformer(std.get(environment, 'ENCODER', encoder), fine_tuned='all');
  // Layers are counted from 0; -1 stands for the embeddings.
  local group(pattern, layer) = [
    [pattern],
    { lr: encoder_learning_rate * std.pow(layer_decay, num_layers - 1 - layer) },
  ];
  experiment(
    corpus=corpus,
    features=[
      transformer { embedder+: checkpointing },
      features.characters,
      features.casing,
    ],
    shared=null,
    ner=layers.gru(1, 128),
    relation=layers.gru(1, 128),
    pair_features=['cosine', 'distmult', 'context', 'distance'] + (
      if is_on('ENTITY_MARKERS') then [checkpointing {
        type: 'entity_markers',
        model_name: transformer.embedder.model_name,
        indexer: transformer.name,
      }] else []
    ),
    num_epochs=num_epochs,
    batch_size=batch_size,
    learning_rate=learning_rate,
    // The learning rates rise in the first tenth of the steps, and fall in the others.
    learning_rate_scheduler={ type: 'slanted_triangular', cut_frac: 0.1 },
  ) + {
    trainer+: {
      optimizer: {
        type: 'adamw',
        lr: learning_rate,
        weight_decay: weight_decay,
        parameter_groups:
          [group('trained_layers\\..*embeddings\\.', -1)]
          + [
            group('trained_layers\\..*layers?\\.%d\\.' % layer, layer)
            for layer in std.range(0, num_layers - 1)
          ],
      },
    },
  }
