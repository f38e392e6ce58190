"""Renames the parameters in archives written by version 0.1.0."""

import re
from typing import Any, MutableMapping

# A network used to hold the layers of all tasks.
_RENAMED = (
    (r"_networks\.(\d+)\.shared_encoder\.", r"_shared.\1.encoder."),
    (r"_networks\.(\d+)\.ner_encoder\.", r"_heads.entity.networks.\1.stack.encoder."),
    (r"_networks\.(\d+)\.entity_taggers\.", r"_heads.entity.networks.\1.taggers."),
    (r"_networks\.(\d+)\.relation_encoder\.", r"_heads.relation.networks.\1.stack.encoder."),
    (
        r"_networks\.(\d+)\.(label_embedding|span_extractor|relation_scorer)\.",
        r"_heads.relation.networks.\1.\2.",
    ),
)


def rename_old_parameters(state: MutableMapping[str, Any], prefix: str) -> None:
    """
    Renames the parameters of an old archive in place. Current names are left as they are.

    # Parameters

    state : `MutableMapping[str, Any]`
        The parameters by name.
    prefix : `str`
        The prefix of the names of the model's parameters.
    """
    for name in [name for name in state if name.startswith(f"{prefix}_networks.")]:
        renamed = name.removeprefix(prefix)
        for old, new in _RENAMED:
            renamed = re.sub(f"^{old}", new, renamed)
        state[f"{prefix}{renamed}"] = state.pop(name)
