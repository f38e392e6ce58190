import torch
from allennlp.common import Params
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.modules.token_embedders import CasingEmbedder
from dts_ee.token_indexers import CasingIndexer
from dts_ee.token_indexers.casing import CASING_CLASSES


def test_each_class_has_its_own_dimension_and_padding_none():
    embedder = TokenEmbedder.from_params(Params({"type": "casing"}))
    assert isinstance(embedder, CasingEmbedder)
    vectors = embedder(torch.tensor([list(range(8))]))
    expected = torch.cat([torch.zeros(1, 7), torch.eye(7)])
    assert torch.equal(vectors, expected.unsqueeze(0))
    assert embedder.get_output_dim() == len(CASING_CLASSES) == 7


def test_it_embeds_what_the_indexer_gives():
    batch = Batch(
        Instance({"tokens": TextField([Token(word) for word in text], {"casing": CasingIndexer()})})
        for text in (["Oslo", "1987"], ["rain"])
    )
    batch.index_instances(Vocabulary())
    vectors = BasicTextFieldEmbedder({"casing": CasingEmbedder()})(batch.as_tensor_dict()["tokens"])
    # Shape: (2, 2), with -1 where the vector is 0 throughout
    classes = torch.where(vectors.sum(-1) > 0, vectors.argmax(-1), -1)
    assert classes.tolist() == [[3, 0], [1, -1]]
