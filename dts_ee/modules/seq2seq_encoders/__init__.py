"""Encoders of sequences, for each of the model's stacks."""

from dts_ee.modules.seq2seq_encoders.bidirectional_gru import BidirectionalGruEncoder
from dts_ee.modules.seq2seq_encoders.resbn_transformer import ResBnTransformer

__all__ = ["BidirectionalGruEncoder", "ResBnTransformer"]
