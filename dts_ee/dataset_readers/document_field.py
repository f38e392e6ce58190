"""The field of an instance that contains its document."""

from typing import Any, Collection, Dict, Optional

from allennlp.data.fields import MetadataField

from dts_ee.corpora.spert import document_to_json
from dts_ee.dataset_readers.symmetric_relations import SYMMETRIC_NAMESPACE
from dts_ee.document import Document
from dts_ee.tasks import TASKS

RELATION_NAMESPACE = "relation_labels"
"""The vocabulary's namespace for the types of relations."""


class DocumentField(MetadataField):
    """
    A `MetadataField` with the document. It also adds the document's relation types, and the types
    of further tasks, to the vocabulary.

    The relations have no field of their own: the fields of an instance are the arguments of a
    model's `forward`, and the taggers of AllenNLP and allennlp-models only take `tokens`, `tags`
    and `metadata`. Relation types are counted in the namespace `"relation_labels"`, the types of a
    further task in its `namespace`. Relation types without a direction are counted in the namespace
    `"symmetric_relation_labels"` too, from which the model takes them.

    The metadata of an instance is a dictionary:

    - `"words"`, `List[str]`: the tokens;
    - `"document"`, `Document`: the gold document, with which predictions are compared; or the input
      of a prediction;
    - `"entities_given"`, `True`, only in the input of a prediction: the document's entities are
      kept, and only relations are predicted;
    - `"tagged_document"`, `Document`, only with a gold document: the document without the entities
      that tags cannot express because they overlap others, and without their relations. It has the
      training targets.

    # Parameters

    document : `Document`
        The document.
    tagged_document : `Document`, optional (default = `None`)
        `None` if the document is not gold; then its relation types are not counted.
    entities_given : `bool`, optional (default = `False`)
        Whether the entities of a document that is not gold are given.
    symmetric_relations : `Collection[str]`, optional (default = `()`)
        The relation types whose direction has no meaning.
    """

    __slots__ = ["_symmetric_relations"]

    def __init__(
        self,
        document: Document,
        tagged_document: Optional[Document] = None,
        entities_given: bool = False,
        symmetric_relations: Collection[str] = (),
    ) -> None:
        metadata: Dict[str, Any] = {"words": list(document.tokens), "document": document}
        if tagged_document is not None:
            metadata["tagged_document"] = tagged_document
        if entities_given:
            metadata["entities_given"] = True
        super().__init__(metadata)
        self._symmetric_relations = symmetric_relations

    def count_vocab_items(self, counter: Dict[str, Dict[str, int]]) -> None:
        if "tagged_document" in self.metadata:
            document = self.metadata["document"]
            for relation in document.relations:
                counter[RELATION_NAMESPACE][relation.type] += 1
                if relation.type in self._symmetric_relations:
                    counter[SYMMETRIC_NAMESPACE][relation.type] += 1
            for task in TASKS.values():
                if task.key is not None:
                    for type, *_ in task.items(document):
                        counter[task.namespace][type] += 1

    def human_readable_repr(self) -> Dict[str, Any]:
        return document_to_json(self.metadata["document"])
