// Layers for the shared, NER-specific and RE-specific stacks.
{
  // A bidirectional GRU with `size` units in each direction. The paper has 256.
  gru(num_layers, size=192):: {
    type: 'bidirectional_gru',
    hidden_size: size,
    num_layers: num_layers,
    // Between the layers. The model applies its own dropout before the first layer.
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
