"""The table of tasks: their names, metrics and protocols, for tables, curves, reports and pages."""

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
    A task, as tables, reports and pages know it.

    # Parameters

    metric : `Type[DocumentF1]`
        The task's metric, with its protocols. Its constructor takes no arguments.
    title : `str`
        The task's title in tables and messages, such as `"NER"`.
    plural : `str`
        The word for its predictions, such as `"entities"`.
    strict_title : `str`, optional (default = `None`)
        The title of strict scores; `None` for the title.
    columns : `Tuple[MetricKey, ...]`, optional (default = `()`)
        The averages in tables of results; `()` for all.
    compared_columns : `Tuple[MetricKey, ...]`, optional (default = `()`)
        The averages in tables of several experiments; `()` for the strict ones.
    key : `str`, optional (default = `None`)
        The key for the task's values in the JSON of documents and predictions. Readers put the
        value into `Document.extra`. `None` for entities and relations, which are fields of
        `Document`.
    read_value : `Callable[[Any, FieldParts], Any]`, optional (default = `as_string`)
        Takes the JSON value of `key` and its field, and returns the value for `Document.extra`, or
        raises a `DocumentError`.
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
        """The task's name, with which the names of its metrics begin, such as `entity`."""
        return self.metric.name

    @property
    def namespace(self) -> str:
        """The vocabulary's namespace for the types of a task with a `key`."""
        return f"{self.name}_labels"

    @property
    def micro(self) -> MetricKey:
        """The strict micro average."""
        return MetricKey(self.name, average=MICRO)

    @property
    def macro(self) -> MetricKey:
        """The strict macro average."""
        return MetricKey(self.name, average=MACRO)

    def heading(self, key: MetricKey) -> str:
        """The heading of the column of an average, such as `RE boundaries macro`."""
        title = f"{self.title} {protocol_title(key.protocol)}"
        if key.protocol == STRICT:
            title = self.strict_title or self.title
        is_untyped = key.protocol in self.metric.untyped_protocols
        return title if is_untyped else f"{title} {key.average}"

    def items(self, document: Document) -> List[Item]:
        """The items of a document under the strict protocol."""
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
    Adds a task to the table, so that its scores are shown in tables, reports and pages.

    # Parameters

    task : `Task`
        The task.

    # Raises

    `ValueError`
        If the name is taken, or the name of a metric would be ambiguous.
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
    Adds a protocol to a task's metric, so that its scores are shown in tables, reports and pages.

    # Parameters

    task : `Task`
        The task.
    name : `str`
        The protocol's name, which is part of the metrics' names.
    items_of : `Callable[[Document, Document], ItemSets]`
        Takes a predicted and a gold document, and returns their items: tuples of the type and
        everything that must agree.
    typed : `bool`, optional (default = `True`)
        Whether the items have types, so that there is a macro average.

    # Raises

    `ValueError`
        If the name of a metric would be ambiguous.
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
    """The title of a protocol in tables."""
    return protocol.replace("_", " ")


def plurals(conjunction: str = "and") -> str:
    """The words for the predictions of all tasks, such as `entities and relations`."""
    *others, last = (task.plural for task in TASKS.values())
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def flat_metrics(scores: Scores) -> Dict[str, float]:
    """Converts scores to the metrics of a model: see `dts_ee.metrics.flat_names`."""
    return flatten(scores, _protocols(), underscores=True)


def scores_in(metrics: Mapping[str, Any]) -> Scores:
    """Converts AllenNLP's metrics, with the names of `flat_metrics`, to the scores of all tasks."""
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
        # Of gold_pairs only the macro average, which was published; the precision is too high.
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
