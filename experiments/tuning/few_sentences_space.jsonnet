// What is searched with few_sentences.jsonnet.
{
  'trainer.optimizer.lr': { type: 'float', low: 5e-4, high: 6e-3, log: true },
  'model.dropout': { type: 'float', low: 0.1, high: 0.6, step: 0.05 },
  'model.relation_dropout': { type: 'float', low: 0.1, high: 0.6, step: 0.05 },
  'model.relation_loss_weight': { type: 'float', low: 1, high: 20, log: true },
  'model.relation_threshold': { type: 'float', low: 0.3, high: 0.6, step: 0.05 },
  'model.relation_encoder.num_layers': { type: 'int', low: 1, high: 2 },
}
