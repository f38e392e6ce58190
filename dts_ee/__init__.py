"""
An AllenNLP plugin for joint named entity recognition and relation extraction.

Importing this package registers its dataset readers, models, predictors and commands with AllenNLP,
and the methods of `Document` that other modules add.
"""

from dts_ee.installation import INCOMPLETE, is_complete
from dts_ee.quick_imports import quick_imports
from dts_ee.version import VERSION as __version__

if not is_complete():
    raise ImportError(INCOMPLETE)

with quick_imports():
    import dts_ee.compat  # Before everything that imports AllenNLP.

    import dts_ee.commands.subcommands
    import dts_ee.corpora.brat
    import dts_ee.corpora.graph
    import dts_ee.dataset_readers
    import dts_ee.evaluators
    import dts_ee.metrics
    import dts_ee.models
    import dts_ee.modules.seq2seq_encoders
    import dts_ee.modules.token_embedders
    import dts_ee.pages
    import dts_ee.predictors
    import dts_ee.token_indexers
    import dts_ee.tokenizers
    import dts_ee.training.mention_replacement
    import dts_ee.training.mlflow_callback
    import dts_ee.training.repeated_bucket_sampler
    import dts_ee.training.trainer

    from dts_ee.corpora.corpus_graph import corpus_graph
    from dts_ee.corpora.data_frames import entities_to_pandas, relations_to_pandas
    from dts_ee.document import Document, Entity, Relation
    from dts_ee.extractor import Extractor

__all__ = [
    "Document",
    "Entity",
    "Extractor",
    "Relation",
    "__version__",
    "corpus_graph",
    "entities_to_pandas",
    "relations_to_pandas",
]
