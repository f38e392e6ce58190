"""
The field of an instance that holds its document.
"""

from typing import Any, Dict, Optional

from allennlp.data.fields import MetadataField

from dts_ee.corpora.spert import document_to_json
from dts_ee.document import Document
from dts_ee.tasks import TASKS

RELATION_NAMESPACE = "relation_labels"
"""The vocabulary's namespace for the types of relations."""


class DocumentField(MetadataField):
    """
    A `MetadataField` with the document, which also counts its relation types, and the types of
    further tasks, into a vocabulary.

    The relations have no field of their own because an instance's fields are the arguments of a
    model's `forward`, and the taggers of AllenNLP and allennlp-models take exactly `tokens`, `tags`
    and `metadata`. Relation types are counted into the namespace `"relation_labels"`, those
    of a further task into its `namespace`.

    The metadata of an instance is a dictionary:

    - `"words"`, `List[str]`: the tokens;
    - `"document"`, `Document`: the gold document, whole, against which predictions are evaluated;
      or, where there is no gold, what is known of the document;
    - `"entities_given"`, `True`, only where the document's entities are known without being gold:
      those are to be kept, and relations found between them;
    - `"tagged_document"`, `Document`, only where there is gold: the document that the tags express,
      without the entities that overlap another and without their relations. Training targets come
      from it.

    # Parameters

    document : `Document`
        The whole document.
    tagged_document : `Document`, optional (default = `None`)
        `None` where the document is not gold; its relation types are not counted then.
    entities_given : `bool`, optional (default = `False`)
        Whether a document that is not gold has the entities that it is to have.
    """

    __slots__: list = []

    def __init__(
        self,
        document: Document,
        tagged_document: Optional[Document] = None,
        entities_given: bool = False,
    ) -> None:
        metadata: Dict[str, Any] = {"words": list(document.tokens), "document": document}
        if tagged_document is not None:
            metadata["tagged_document"] = tagged_document
        if entities_given:
            metadata["entities_given"] = True
        super().__init__(metadata)

    def count_vocab_items(self, counter: Dict[str, Dict[str, int]]) -> None:
        if "tagged_document" in self.metadata:
            document = self.metadata["document"]
            for relation in document.relations:
                counter[RELATION_NAMESPACE][relation.type] += 1
            for task in TASKS.values():
                if task.key is not None:
                    for type, *_ in task.items(document):
                        counter[task.namespace][type] += 1

    def human_readable_repr(self) -> Dict[str, Any]:
        return document_to_json(self.metadata["document"])
