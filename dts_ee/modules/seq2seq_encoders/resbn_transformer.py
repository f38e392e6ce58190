"""ResBN-Transformer: transformer layers with a batch norm and a residual from the input."""

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.seq2seq_encoders import Seq2SeqEncoder
from allennlp.nn.util import add_positional_features


@Seq2SeqEncoder.register("resbn_transformer")
class ResBnTransformer(Seq2SeqEncoder):
    """
    `proj(x) + BatchNorm(proj(TransformerEncoder(x + positional(x))))` (report, §4.2).

    The statistics of the batch norm are over the unpadded tokens of the batch. A training batch of
    a single token has no variance; the running statistics are used for it. The input is padded with
    zero features to a multiple of the number of attention heads.

    # Parameters

    input_dim : `int`
        The size of a token's vector.
    hidden_dim : `int`
        The size of an encoded token.
    num_layers : `int`, optional (default = `1`)
        The number of transformer layers.
    num_attention_heads : `int`, optional (default = `8`)
        The number of attention heads of each layer.
    feedforward_hidden_dim : `int`, optional (default = `2048`)
        The size of each layer's inner feed-forward layer.
    dropout : `float`, optional (default = `0.1`)
        The dropout inside the transformer layers.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        num_layers: int = 1,
        num_attention_heads: int = 8,
        feedforward_hidden_dim: int = 2048,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ConfigurationError("resbn_transformer needs a num_layers of at least 1")
        self._padding = -input_dim % num_attention_heads
        layer = torch.nn.TransformerEncoderLayer(
            d_model=input_dim + self._padding,
            nhead=num_attention_heads,
            dim_feedforward=feedforward_hidden_dim,
            dropout=dropout,
            batch_first=True,
        )
        self._transformer = torch.nn.TransformerEncoder(
            layer, num_layers, enable_nested_tensor=False
        )
        # torch initialises all layers with copies of the same weights.
        for parameter in self._transformer.parameters():
            if parameter.dim() > 1:
                torch.nn.init.xavier_uniform_(parameter)
        # The batch norm cancels a bias before it, and has its own.
        self._output_projection = torch.nn.Linear(input_dim + self._padding, hidden_dim, bias=False)
        self._residual_projection = torch.nn.Linear(input_dim, hidden_dim)
        self._batch_norm = torch.nn.BatchNorm1d(hidden_dim)
        self._input_dim = input_dim

    def get_input_dim(self) -> int:
        return self._input_dim

    def get_output_dim(self) -> int:
        return self._batch_norm.num_features

    def is_bidirectional(self) -> bool:
        return False

    def forward(self, inputs: torch.Tensor, mask: torch.BoolTensor) -> torch.Tensor:
        """
        # Parameters

        inputs : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, hidden_dim), zero at padding.
        """
        # Shape: (batch_size, num_tokens, input_dim + padding)
        positioned = torch.nn.functional.pad(add_positional_features(inputs), (0, self._padding))
        transformed = self._transformer(positioned, src_key_padding_mask=~mask)
        # Shape: (num_unpadded_tokens, hidden_dim)
        normalised = self._normalise(self._output_projection(transformed[mask]))
        outputs = normalised + self._residual_projection(inputs[mask])
        # Shape: (batch_size, num_tokens, hidden_dim)
        encoded = inputs.new_zeros(*mask.shape, self.get_output_dim())
        encoded[mask] = outputs
        return encoded

    def _normalise(self, tokens: torch.Tensor) -> torch.Tensor:
        # Shape: (num_unpadded_tokens, hidden_dim)
        norm = self._batch_norm
        if len(tokens) > 1:
            return norm(tokens)
        return torch.nn.functional.batch_norm(
            tokens, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
