"""
Training with what was annotated in Label Studio.
"""

import json
import logging
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Optional, Sequence

from dts_ee.corpora.formats import read_corpus
from dts_ee.corpora.label_studio_config import LabelStudioConfig
from dts_ee.corpora.record_errors import SKIP
from dts_ee.corpora.spert import write_documents
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import Document, DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.serving.background_training import BackgroundTraining, Job
from dts_ee.serving.label_studio_client import LabelStudioClient

logger = logging.getLogger(__name__)


class LabelStudioTraining:
    """
    Trains with annotated tasks, in the background.

    # Parameters

    training : `BackgroundTraining`
        Trains.
    client : `LabelStudioClient`
        Fetches tasks.
    load : `Callable[[Path], DtsPredictor]`
        Loads what was trained, from its folder.
    reading : `TextReading`
        How the model that is trained further divides text into sentences and tokens.
    former : `Sequence[Document]`, optional (default = `()`)
        Sentences that are trained with as well.
    """

    def __init__(
        self,
        training: BackgroundTraining,
        client: LabelStudioClient,
        load: Callable[[Path], DtsPredictor],
        reading: TextReading,
        former: Sequence[Document] = (),
    ) -> None:
        self.client = client
        self._training = training
        self._load = load
        self._reading = reading
        self._former = former

    @property
    def job(self) -> Optional[Job]:
        """The last training, if there was one."""
        return self._training.job

    def start(
        self,
        fetch: Callable[[], Sequence[Any]],
        config: LabelStudioConfig,
        when_trained: Callable[[DtsPredictor], None],
    ) -> bool:
        """
        Starts a training, unless one is running.

        # Parameters

        fetch : `Callable[[], Sequence[Any]]`
            Returns the tasks, as Label Studio exports them; those without annotation are left out.
            It is called in the background.
        config : `LabelStudioConfig`
            The project's labelling configuration, which says where the text of a task is.
        when_trained : `Callable[[DtsPredictor], None]`
            Is called with the predictor of the trained model.

        # Returns

        `bool`
            Whether it was started.
        """

        def write_data(path: Path) -> None:
            annotated = read_tasks(fetch(), config, self._reading)
            write_documents(path, [*self._former, *annotated])

        return self._training.start(write_data, lambda folder: when_trained(self._load(folder)))


def read_tasks(
    tasks: Sequence[Any], config: LabelStudioConfig, reading: TextReading
) -> list[Document]:
    """
    The sentences of annotated tasks. What was lost or decided is counted in the log.

    # Parameters

    tasks : `Sequence[Any]`
        The tasks, as Label Studio exports them. Those that cannot be read are left out.
    config : `LabelStudioConfig`
        The project's labelling configuration.
    reading : `TextReading`
        How text is divided into sentences and tokens.

    # Raises

    `DocumentError`
        If none of the tasks is annotated.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tasks.json"
        path.write_text(json.dumps(tasks), encoding="utf-8")
        options = {"text-key": config.text_key, "on-error": SKIP}
        corpus = read_corpus("label-studio", path, reading, options)
    counts = Counter(remark.problem for remark in corpus.remarks)
    remarks = "; ".join(f"{problem} ({count})" for problem, count in counts.items())
    logger.info("%d sentences were annotated%s", len(corpus.documents), remarks and f"; {remarks}")
    if not corpus.documents:
        raise DocumentError(f"none of the {len(tasks)} tasks was annotated")
    return corpus.documents
