"""A bidirectional GRU layer over packed sentences, with both directions in one step."""

from typing import Any, Optional, Tuple

import torch
from torch.autograd.function import once_differentiable

from dts_ee.modules.kernels.packing import Packing

# Matrix products in training take up to 1.5 times as long if the row size is no multiple of this.
_ALIGNMENT = 16


def bidirectional_gru(
    tokens: torch.Tensor,
    input_weights: Tuple[torch.Tensor, torch.Tensor],
    weights: Tuple[torch.Tensor, torch.Tensor],
    input_biases: Tuple[torch.Tensor, torch.Tensor],
    biases: Tuple[torch.Tensor, torch.Tensor],
    packing: Packing,
) -> torch.Tensor:
    """
    A bidirectional `torch.nn.GRU` of one layer, with its own backward pass.

    On a CPU, `torch.nn.GRU` computes one direction after the other, and autograd records every
    operation of every step. Here a step is one batched product and a few elementwise operations
    for both directions, and the gradients of the weights are single products over all tokens.

    Each pair of arguments is for the forward and the backward direction. The rows of weights and
    biases are for the reset gate, the update gate and the new state, as in `torch.nn.GRU`.

    # Parameters

    tokens : `torch.Tensor`
        Shape (num_tokens, input_size), packed.
    input_weights : `Tuple[torch.Tensor, torch.Tensor]`
        Shape of each: (3 * hidden_size, input_size).
    weights : `Tuple[torch.Tensor, torch.Tensor]`
        The recurrent weights. Shape of each: (3 * hidden_size, hidden_size).
    input_biases, biases : `Tuple[torch.Tensor, torch.Tensor]`
        Shape of each: (3 * hidden_size,).
    packing : `Packing`
        The packing of the tokens.

    # Returns

    `torch.Tensor`
        Shape (num_tokens, 2 * hidden_size), packed.
    """
    size = weights[0].shape[1]
    # The two biases of a gate are added anyway, so they can be added in advance.
    gate_biases = [torch.nn.functional.pad(bias[: 2 * size], (0, size)) for bias in biases]
    arguments = (
        tokens,
        *input_weights,
        torch.stack([*input_biases]) + torch.stack(gate_biases),
        torch.stack(weights),
        torch.stack([bias[2 * size :] for bias in biases]),
    )
    if torch.is_grad_enabled():
        return _BidirectionalGru.apply(*arguments, packing)
    return _join(_run(*arguments, packing)[0], packing)


def _run(
    tokens: torch.Tensor,
    forward_weight: torch.Tensor,
    backward_weight: torch.Tensor,
    input_bias: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    packing: Packing,
    keep: bool = False,
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """
    The forward pass.

    # Parameters

    input_bias : `torch.Tensor`
        Shape (2, 3 * hidden_size).
    weight : `torch.Tensor`
        Shape (2, 3 * hidden_size, hidden_size).
    bias : `torch.Tensor`
        Shape (2, hidden_size): the recurrent bias of the new state.
    keep : `bool`
        Whether to return all values for the backward pass, or only the states.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor, torch.Tensor]`
        `states`, shape (2, num_tokens, hidden_size); the gates and candidate states, shape (2,
        num_tokens, 3 * hidden_size); and the recurrent part of the candidate states before the
        reset gate, shape (2, num_tokens, hidden_size).
    """
    num_tokens, size = len(tokens), weight.shape[2]
    # The tokens of the second direction are in the order of the reversed sentences.
    # Shape: (2, num_tokens, 3 * hidden_size)
    parts = tokens.new_empty(2, num_tokens, 3 * size)
    torch.addmm(input_bias[0], tokens, forward_weight.t(), out=parts[0])
    reversed_parts = torch.addmm(input_bias[1], tokens, backward_weight.t())
    torch.index_select(reversed_parts, 0, packing.mirror, out=parts[1])
    gates, new = parts[..., : 2 * size], parts[..., 2 * size :]
    # Shape: (2, hidden_size, 3 * hidden_size)
    weight = weight.transpose(1, 2).contiguous()
    # Shape: (2, 1, 3 * hidden_size)
    bias = torch.nn.functional.pad(bias, (2 * size, 0)).unsqueeze(1)

    states = tokens.new_empty(2, num_tokens, size)
    recurrent_parts = tokens.new_empty(2, num_tokens if keep else 0, size)
    # Shape: (2, batch_size, hidden_size)
    last = tokens.new_zeros(2, packing.batch_sizes[0] if packing.batch_sizes else 0, size)
    for start, end in packing.steps():
        last = last[:, : end - start]
        # Shape: (2, batch_size, 3 * hidden_size)
        recurrent = torch.baddbmm(bias, last, weight)
        gates[:, start:end].add_(recurrent[..., : 2 * size]).sigmoid_()
        reset, update = gates[:, start:end, :size], gates[:, start:end, size:]
        new[:, start:end].addcmul_(reset, recurrent[..., 2 * size :]).tanh_()
        if keep:
            recurrent_parts[:, start:end] = recurrent[..., 2 * size :]
        last = torch.lerp(new[:, start:end], last, update, out=states[:, start:end])
    return states, parts, recurrent_parts


def _join(states: torch.Tensor, packing: Packing) -> torch.Tensor:
    """From shape (2, num_tokens, hidden_size) to shape (num_tokens, 2 * hidden_size)."""
    return torch.cat([states[0], states[1].index_select(0, packing.mirror)], dim=1)


class _BidirectionalGru(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        tokens: torch.Tensor,
        forward_weight: torch.Tensor,
        backward_weight: torch.Tensor,
        input_bias: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        packing: Packing,
    ) -> torch.Tensor:
        padding = (0, -tokens.shape[1] % _ALIGNMENT)
        tokens, forward_weight, backward_weight = (
            torch.nn.functional.pad(tensor, padding) if padding[1] else tensor
            for tensor in (tokens, forward_weight, backward_weight)
        )
        states, parts, recurrent_parts = _run(
            tokens, forward_weight, backward_weight, input_bias, weight, bias, packing, keep=True
        )
        ctx.save_for_backward(
            tokens, forward_weight, backward_weight, weight, states, parts, recurrent_parts
        )
        ctx.packing = packing
        ctx.input_size = tokens.shape[1] - padding[1]
        return _join(states, packing)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> Tuple[Optional[torch.Tensor], ...]:
        (tokens, forward_weight, backward_weight, weight, states, parts, recurrent_parts) = (
            ctx.saved_tensors
        )
        packing: Packing = ctx.packing
        size = weight.shape[2]
        states_grad = torch.empty_like(states)
        states_grad[0] = grad[:, :size]
        torch.index_select(grad[:, size:], 0, packing.mirror, out=states_grad[1])
        # Shape: (2, num_tokens, hidden_size)
        first = states.new_zeros(2, len(tokens) - len(packing.previous), size)
        last = torch.cat([first, states.index_select(1, packing.previous)], dim=1)
        recurrent_grad, new_slopes = _run_back(
            states_grad, last, weight, parts, recurrent_parts, packing
        )
        weight_grad = torch.bmm(recurrent_grad.transpose(1, 2), last)
        bias_grad = recurrent_grad[..., 2 * size :].sum(1)

        # The input part of the candidate state does not pass through the reset gate.
        parts_grad = recurrent_grad
        torch.mul(states_grad, new_slopes, out=parts_grad[..., 2 * size :])
        forward_grad, backward_grad = parts_grad[0], parts_grad[1].index_select(0, packing.mirror)
        tokens_grad = None
        if ctx.needs_input_grad[0]:
            tokens_grad = torch.mm(forward_grad, forward_weight)
            tokens_grad.addmm_(backward_grad, backward_weight)
            tokens_grad = tokens_grad[:, : ctx.input_size]
        return (
            tokens_grad,
            torch.mm(forward_grad.t(), tokens)[:, : ctx.input_size],
            torch.mm(backward_grad.t(), tokens)[:, : ctx.input_size],
            parts_grad.sum(1),
            weight_grad,
            bias_grad,
            None,
        )


def _run_back(
    states_grad: torch.Tensor,
    last: torch.Tensor,
    weight: torch.Tensor,
    parts: torch.Tensor,
    recurrent_parts: torch.Tensor,
    packing: Packing,
) -> Tuple[torch.Tensor, torch.Tensor]:
    """
    The backward pass through the steps: adds the gradients of later states to `states_grad`.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor]`
        The gradient of the recurrent parts of the gates and candidate states, shape (2, num_tokens,
        3 * hidden_size); and the derivative of a state with respect to the argument of the tanh in
        the candidate state, shape (2, num_tokens, hidden_size).
    """
    size = weight.shape[2]
    reset, update, new = parts.split(size, dim=2)
    new_slopes = (1 - update) * (1 - new * new)
    # First the local derivatives of a state; the loop multiplies them by the state's gradient.
    recurrent_grad = torch.empty_like(parts)
    torch.mul(new_slopes * recurrent_parts, reset * (1 - reset), out=recurrent_grad[..., :size])
    torch.mul(last - new, update * (1 - update), out=recurrent_grad[..., size : 2 * size])
    torch.mul(new_slopes, reset, out=recurrent_grad[..., 2 * size :])
    later: Optional[slice] = None
    for start, end in reversed(packing.steps()):
        if later is not None:
            grad = states_grad[:, start : start + later.stop - later.start]
            grad.addcmul_(states_grad[:, later], update[:, later])
            grad.baddbmm_(recurrent_grad[:, later], weight)
        parts_by_kind = recurrent_grad[:, start:end].view(2, end - start, 3, size)
        parts_by_kind.mul_(states_grad[:, start:end].unsqueeze(2))
        later = slice(start, end)
    return recurrent_grad, new_slopes
