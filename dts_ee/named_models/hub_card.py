"""The cards of models on the Hugging Face hub."""

from typing import Any, Dict, Iterator

from dts_ee.named_models.card import NOT_STATED, Figures, ModelCard
from dts_ee.named_models.hub_address import HubAddress

_LICENCES = {
    "agpl-3.0",
    "apache-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "gpl-2.0",
    "gpl-3.0",
    "lgpl-3.0",
    "mit",
    "mpl-2.0",
    "unlicense",
}
"""The usual ones of the licences that the hub knows; any other has a name."""


def hub_card(card: ModelCard, address: HubAddress) -> str:
    """
    The card as Markdown, with the front matter that the hub shows and searches: library, task,
    tags, licence, and the strict scores.

    # Parameters

    card : `ModelCard`
        The card.
    address : `HubAddress`
        Where the model will be, for the commands in the card.
    """
    from huggingface_hub import EvalResult, ModelCardData

    results = [EvalResult(**result) for result in _results(card)]
    fields: Dict[str, Any] = _licence(card.licence)
    if results:
        # The hub's results need a name.
        fields.update(model_name=card.name, eval_results=results)
    data = ModelCardData(
        library_name="dts_ee",
        pipeline_tag="token-classification",
        tags=[
            "dts_ee",
            "allennlp",
            *([] if card.entities_given else ["named-entity-recognition"]),
            *(["relation-extraction"] if card.relation_types else []),
        ],
        metrics=["precision", "recall", "f1"],
        **fields,
    )
    return f"---\n{data.to_yaml()}\n---\n\n{card.to_markdown(str(address))}"


def _licence(licence: str) -> Dict[str, Any]:
    if licence == NOT_STATED:
        return {}
    if licence.lower() in _LICENCES:
        return {"license": licence.lower()}
    return {"license": "other", "license_name": licence}


def _results(card: ModelCard) -> Iterator[Dict[str, Any]]:
    for split, tasks in card.figures.items():
        for task, figures in tasks.items():
            for metric, name, value in _metrics(figures):
                yield {
                    # The client takes results of one type and dataset as those of one task.
                    "task_type": "token-classification",
                    "task_name": "Entity and relation extraction",
                    "dataset_type": "other",
                    "dataset_name": f"{split} data",
                    "dataset_split": "test" if split == "test" else "validation",
                    "metric_type": metric,
                    "metric_name": f"{figures.title or task} {name}",
                    "metric_value": round(value, 4),
                }


def _metrics(figures: Figures) -> Iterator[tuple[str, str, float]]:
    yield "precision", "precision (strict, micro)", figures.precision
    yield "recall", "recall (strict, micro)", figures.recall
    yield "f1", "F1 (strict, micro)", figures.f1
    yield "f1", "F1 (strict, macro)", figures.macro_f1
