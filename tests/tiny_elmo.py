"""Builds a small ELMo with random weights, of the two files that a real one has."""

import json
from pathlib import Path

import h5py
import numpy

_NUM_CHARACTERS = 261
_CHARACTER_DIM = 4
_FILTERS = [[1, 4], [2, 4], [3, 8]]


def build_tiny_elmo(
    folder: Path, projection_dim: int = 4, cell_dim: int = 8, num_layers: int = 2, seed: int = 0
) -> Path:
    """
    Makes `folder` with options.json and weights.hdf5.

    # Parameters

    folder : `Path`
        What to make.
    projection_dim : `int`, optional (default = `4`)
        The size of one direction's vectors; the embedder's are twice as large.
    cell_dim : `int`, optional (default = `8`)
        The size of the LSTMs' cells.
    num_layers : `int`, optional (default = `2`)
        How many LSTM layers there are above the characters' one.
    seed : `int`, optional (default = `0`)
        For the weights.
    """
    folder.mkdir(parents=True)
    options = {
        "lstm": {
            "use_skip_connections": True,
            "projection_dim": projection_dim,
            "cell_clip": 3,
            "proj_clip": 3,
            "dim": cell_dim,
            "n_layers": num_layers,
        },
        "char_cnn": {
            "activation": "relu",
            "filters": _FILTERS,
            "n_highway": 1,
            "embedding": {"dim": _CHARACTER_DIM},
            "n_characters": _NUM_CHARACTERS + 1,
            "max_characters_per_token": 50,
        },
    }
    (folder / "options.json").write_text(json.dumps(options))

    generator = numpy.random.default_rng(seed)

    def weights(*shape: int) -> numpy.ndarray:
        return generator.normal(scale=0.7, size=shape).astype(numpy.float32)

    num_filters = sum(number for _, number in _FILTERS)
    with h5py.File(folder / "weights.hdf5", "w") as file:
        file["char_embed"] = weights(_NUM_CHARACTERS, _CHARACTER_DIM)
        for i, (width, number) in enumerate(_FILTERS):
            file[f"CNN/W_cnn_{i}"] = weights(1, width, _CHARACTER_DIM, number)
            file[f"CNN/b_cnn_{i}"] = weights(number)
        for part in ("transform", "carry"):
            file[f"CNN_high_0/W_{part}"] = weights(num_filters, num_filters)
            file[f"CNN_high_0/b_{part}"] = weights(num_filters)
        file["CNN_proj/W_proj"] = weights(num_filters, projection_dim)
        file["CNN_proj/b_proj"] = weights(projection_dim)
        for direction in range(2):
            for layer in range(num_layers):
                cell = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
                file[f"{cell}/W_0"] = weights(2 * projection_dim, 4 * cell_dim)
                file[f"{cell}/B"] = weights(4 * cell_dim)
                file[f"{cell}/W_P_0"] = weights(cell_dim, projection_dim)
    return folder
