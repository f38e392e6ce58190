// The stacks of layers. Any of the three places takes any of them, or null for none.
{
  // A bidirectional GRU with `size` units for each direction. The paper has 256.
  gru(num_layers, size=192):: {
    type: 'bidirectional_gru',
    hidden_size: size,
    num_layers: num_layers,
    // Between the layers; the model has its own before the first.
    dropout: if num_layers > 1 then 0.35 else 0.0,
  },
  resbn_transformer(num_layers, size=512):: {
    type: 'resbn_transformer',
    hidden_dim: size,
    num_layers: num_layers,
    num_attention_heads: 8,
    feedforward_hidden_dim: 1024,
  },
}
