// What is searched with scierc.jsonnet.
{
  'trainer.num_epochs': { type: 'int', low: 6, high: 20, step: 2 },
  'trainer.optimizer.lr': { type: 'float', low: 5e-4, high: 4e-3, log: true },
  'data_loader.batch_sampler.batch_size': { type: 'categorical', choices: [4, 8, 16] },
  'model.dropout': { type: 'float', low: 0.25, high: 0.6, step: 0.05 },
  'model.relation_dropout': { type: 'float', low: 0.3, high: 0.7, step: 0.05 },
  'model.relation_loss_weight': { type: 'float', low: 1, high: 20, log: true },
}
