"""
The table of tasks: all that tables, curves, reports, pages and messages need to know of each.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type

from dts_ee.corpora.json_values import as_string
from dts_ee.corpora.spert import ReadValue, register_extra_key
from dts_ee.document import Document
from dts_ee.metrics import DocumentF1, EntityF1, MetricKey, RelationF1, Scores
from dts_ee.metrics.counts import Item
from dts_ee.metrics.document_f1 import ItemsOf
from dts_ee.metrics.flat_names import check_names, flatten, unflatten
from dts_ee.metrics.metric_key import MACRO, MICRO, STRICT


@dataclass(eq=False)
class Task:
    """
    # Parameters

    metric : `Type[DocumentF1]`
        Its metric, whose protocols are the task's. It is built without arguments.
    title : `str`
        What the task is called in tables and messages, such as `"NER"`.
    plural : `str`
        What it finds, such as `"entities"`.
    strict_title : `str`, optional (default = `None`)
        The title of strict scores; `None` for the title.
    columns : `Tuple[MetricKey, ...]`, optional (default = `()`)
        The averages that tables of results have; `()` for all.
    compared_columns : `Tuple[MetricKey, ...]`, optional (default = `()`)
        Those that tables of several experiments have; `()` for the strict ones.
    key : `str`, optional (default = `None`)
        The key of a document's JSON that holds it, which readers put into `Document.extra` and
        predictions have too. Entities and relations have fields of their own.
    read_value : `Callable[[Any, FieldParts], Any]`, optional (default = `as_string`)
        Takes the value of `key` and its field, and returns what `extra` is to hold, or raises a
        `DocumentError`.
    """

    metric: Type[DocumentF1]
    title: str
    plural: str
    strict_title: Optional[str] = None
    columns: Tuple[MetricKey, ...] = ()
    compared_columns: Tuple[MetricKey, ...] = ()
    key: Optional[str] = None
    read_value: ReadValue = as_string

    def __post_init__(self) -> None:
        self.columns = self.columns or self._averages()
        self.compared_columns = self.compared_columns or (self.micro, self.macro)

    @property
    def name(self) -> str:
        """The first part of the metrics' names, such as `entity`."""
        return self.metric.name

    @property
    def namespace(self) -> str:
        """The namespace of the vocabulary that has the types of a task with a `key`."""
        return f"{self.name}_labels"

    @property
    def micro(self) -> MetricKey:
        """The strict micro average, whose F1 matters most."""
        return MetricKey(self.name, average=MICRO)

    @property
    def macro(self) -> MetricKey:
        """The strict macro average."""
        return MetricKey(self.name, average=MACRO)

    def heading(self, key: MetricKey) -> str:
        """The name of a column with an average, such as `RE boundaries macro`."""
        title = f"{self.title} {protocol_title(key.protocol)}"
        if key.protocol == STRICT:
            title = self.strict_title or self.title
        is_untyped = key.protocol in self.metric.untyped_protocols
        return title if is_untyped else f"{title} {key.average}"

    def items(self, document: Document) -> List[Item]:
        """What a document has of it, each its type and what else the strict protocol compares."""
        _, items = self.metric().items(STRICT, document, document)
        return sorted(items, key=repr)

    def _averages(self) -> Tuple[MetricKey, ...]:
        return tuple(
            MetricKey(self.name, protocol, average=average)
            for protocol in self.metric.protocols
            for average in (MICRO, MACRO)
            if average == MICRO or protocol not in self.metric.untyped_protocols
        )


TASKS: Dict[str, Task] = {}
"""All tasks by name, in the order in which they are shown."""


def register_task(task: Task) -> Task:
    """
    Adds a task to the table: its scores appear wherever scores are shown.

    # Parameters

    task : `Task`
        The task.

    # Raises

    `ValueError`
        If there is one of this name, or names of metrics would say two things.
    """
    if task.name in TASKS:
        raise ValueError(f"there is a task {task.name!r} already")
    check_names({**_protocols(), task.name: task.metric.protocols})
    if task.key is not None:
        register_extra_key(task.key, task.read_value)
    TASKS[task.name] = task
    return task


def register_protocol(task: Task, name: str, items_of: ItemsOf, typed: bool = True) -> None:
    """
    Adds a protocol to a task's metric: its scores appear wherever scores are shown.

    # Parameters

    task : `Task`
        The task.
    name : `str`
        The protocol's name, which is part of the metrics' names.
    items_of : `Callable[[Document, Document], ItemSets]`
        Takes a predicted document and the gold one, and returns the items of each: the type, then
        all that must agree.
    typed : `bool`, optional (default = `True`)
        Whether the items have types, so that there is a macro average.

    # Raises

    `ValueError`
        If names of metrics would say two things.
    """
    protocols = (*task.metric.protocols, name)
    check_names({**_protocols(), task.name: protocols})
    task.metric.protocols = protocols
    task.metric.further_protocols = {**task.metric.further_protocols, name: items_of}
    if not typed:
        task.metric.untyped_protocols = (*task.metric.untyped_protocols, name)
    averages = (MICRO, MACRO) if typed else (MICRO,)
    task.columns += tuple(MetricKey(task.name, name, average=average) for average in averages)


def protocol_title(protocol: str) -> str:
    """What a protocol is called in tables."""
    return protocol.replace("_", " ")


def plurals(conjunction: str = "and") -> str:
    """What all tasks find, such as `entities and relations`."""
    *others, last = (task.plural for task in TASKS.values())
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def flat_metrics(scores: Scores) -> Dict[str, float]:
    """Scores by the names that the models give them: see `dts_ee.metrics.flat_names`."""
    return flatten(scores, _protocols(), underscores=True)


def scores_in(metrics: Mapping[str, Any]) -> Scores:
    """The scores of all tasks among AllenNLP's metrics, which `flat_metrics` has named."""
    return unflatten(metrics, _protocols())


def _protocols() -> Dict[str, Tuple[str, ...]]:
    return {task.name: task.metric.protocols for task in TASKS.values()}


ENTITIES = register_task(Task(EntityF1, "NER", "entities"))
RELATIONS = register_task(
    Task(
        RelationF1,
        "RE",
        "relations",
        strict_title="RE strict",
        # The precision among gold pairs is no result; there are published macro averages.
        columns=(
            MetricKey("relation", average=MICRO),
            MetricKey("relation", average=MACRO),
            MetricKey("relation", "boundaries", average=MICRO),
            MetricKey("relation", "boundaries", average=MACRO),
            MetricKey("relation", "gold_pairs", average=MACRO),
        ),
        compared_columns=(
            MetricKey("relation", average=MICRO),
            MetricKey("relation", average=MACRO),
            MetricKey("relation", "boundaries", average=MICRO),
        ),
    )
)
