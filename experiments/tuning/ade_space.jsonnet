// What is searched with ade.jsonnet.
local layers = import '../lib/layers.libsonnet';

{
  'trainer.optimizer.lr': { type: 'float', low: 5e-4, high: 6e-3, log: true },
  'data_loader.batch_sampler.batch_size': { type: 'categorical', choices: [4, 8, 16] },
  'model.shared_encoder': { type: 'categorical', choices: [null, layers.gru(1, 128), layers.gru(1)] },
  'model.ner_encoder.hidden_size': { type: 'int', low: 64, high: 192, step: 64 },
  'model.relation_encoder.hidden_size': { type: 'int', low: 64, high: 192, step: 64 },
  'model.dropout': { type: 'float', low: 0.2, high: 0.6, step: 0.05 },
  'model.relation_dropout': { type: 'float', low: 0.2, high: 0.6, step: 0.05 },
  'model.relation_loss_weight': { type: 'float', low: 1, high: 20, log: true },
}
