"""
The spaCy component `dts_ee`, as `nlp.add_pipe` finds it.

spaCy imports this file, an entry point, for every pipeline. It is not in the package, because
importing the package imports AllenNLP, for which only pipelines with this component should wait.
"""

from typing import Any, Dict, Optional, Union

from spacy.language import Language

Threshold = Union[float, str, Dict[str, float], None]

ASSIGNED = ("doc.ents", "doc.spans", "doc._.rel", "doc._.relations", "doc._.dts_ee")


@Language.factory(
    "dts_ee",
    assigns=ASSIGNED,
    default_config={
        "model": None,
        "relation_threshold": None,
        "entity_threshold": None,
        "calibration": None,
        "given_entities": False,
        "annotate_ents": True,
        "spans_key": "dts_ee",
        "sentences": None,
        "include_model": False,
        "cuda_device": -1,
    },
)
def make_dts_ee(
    nlp: Language,
    name: str,
    model: Optional[str],
    relation_threshold: Threshold,
    entity_threshold: Threshold,
    calibration: Optional[str],
    given_entities: Any,
    annotate_ents: bool,
    spans_key: Optional[str],
    sentences: Optional[str],
    include_model: bool,
    cuda_device: int,
) -> Any:
    """
    Makes the component: see `dts_ee.spacy_component.EntityRelationExtractor`.

    # Raises

    `ConfigurationError`
        If there is no model of this name or path, or a setting is invalid.
    `ValueError`
        If no model is given.
    """
    if model is None:
        raise ValueError(
            f"the component {name!r} needs a model, a name or an archive: "
            'nlp.add_pipe("dts_ee", config={"model": "model.tar.gz"})'
        )
    from dts_ee.spacy_component import EntityRelationExtractor

    return EntityRelationExtractor(
        name,
        model,
        given_entities=given_entities,
        annotate_ents=annotate_ents,
        spans_key=spans_key,
        sentences=sentences,
        include_model=include_model,
        relation_threshold=relation_threshold,
        entity_threshold=entity_threshold,
        calibration=calibration,
        cuda_device=cuda_device,
    )
