import pytest
import torch
from allennlp.training import gradient_descent_trainer


def gradient_of(parameter: torch.nn.Parameter) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


@pytest.mark.parametrize("max_norm", [0.5, 1000.0])
def test_sparse_gradients_are_rescaled_like_dense_ones(max_norm):
    norms, gradients = [], []
    for sparse in (False, True):
        torch.manual_seed(0)
        embedding = torch.nn.Embedding(5, 3, sparse=sparse)
        projection = torch.nn.Linear(3, 2)
        # Token 1 occurs twice: its two gradients have to be added before they are measured.
        projection(embedding(torch.tensor([1, 1, 4]))).pow(2).sum().backward()
        parameters = [*embedding.parameters(), *projection.parameters()]
        norm = gradient_descent_trainer.clip_grad_norm_(parameters, max_norm)
        norms.append(norm.item())
        gradients.append([gradient_of(parameter).to_dense() for parameter in parameters])
    assert norms[0] == pytest.approx(norms[1])
    for dense, sparse in zip(*gradients):
        torch.testing.assert_close(dense, sparse)
    total = torch.stack([gradient.norm() for gradient in gradients[1]]).norm().item()
    assert total == pytest.approx(min(max_norm, norms[1]), rel=1e-4)
