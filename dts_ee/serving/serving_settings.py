"""
The limits of a server, and the size of batches.
"""

from dataclasses import dataclass, fields

from allennlp.common.checks import ConfigurationError


@dataclass(frozen=True)
class ServingSettings:
    """
    # Parameters

    workers : `int`, optional (default = `1`)
        The number of processes that predict. They share the memory of the model.
    batch_size : `int`, optional (default = `32`)
        The maximum number of sentences that are predicted together.
    batch_tokens : `int`, optional (default = `2048`)
        The maximum number of tokens that are predicted together, unless one sentence has more.
        After that, inputs that nobody waits for are dropped, and others have their turn.
    batch_wait_ms : `float`, optional (default = `5.0`)
        The maximum number of milliseconds that an input waits for others while nothing is
        predicted. Inputs that arrive during a prediction are predicted together anyway.
    queue_size : `int`, optional (default = `256`)
        The maximum number of inputs that are accepted and not answered yet.
    queue_tokens : `int`, optional (default = `200000`)
        The maximum number of tokens in them, unless it is one input.
    max_items : `int`, optional (default = `64`)
        The maximum number of inputs in a request.
    max_body_bytes : `int`, optional (default = `1048576`)
        The maximum number of bytes in a request.
    max_text_length : `int`, optional (default = `10000`)
        The maximum number of characters in an input; tokens count as if joined by spaces.
    max_sentence_tokens : `int`, optional (default = `2048`)
        The maximum number of tokens in a sentence of an input, which is predicted at once.
    max_entities : `int`, optional (default = `200`)
        The maximum number of entities in an input.
    timeout : `float`, optional (default = `30.0`)
        How many seconds a request may take, from the end of its head to its answer; how many the
        model may take for what it predicts together, before its process is ended; and how many a
        client may take to read an answer.
    read_timeout : `float`, optional (default = `10.0`)
        How many seconds the head of a request may take to arrive, and how many its body.

    # Raises

    `ConfigurationError`
        If a number is too small, or the queue has no room for a request of `max_items`.
    """

    workers: int = 1
    batch_size: int = 32
    batch_tokens: int = 2048
    batch_wait_ms: float = 5.0
    queue_size: int = 256
    queue_tokens: int = 200_000
    max_items: int = 64
    max_body_bytes: int = 1 << 20
    max_text_length: int = 10_000
    max_sentence_tokens: int = 2048
    max_entities: int = 200
    timeout: float = 30.0
    read_timeout: float = 10.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "batch_wait_ms":
                if not 0 <= value < float("inf"):
                    raise ConfigurationError(f"batch_wait_ms is {value}, not 0 or more.")
            elif field.name in ("timeout", "read_timeout"):
                if not 0 < value < float("inf"):
                    raise ConfigurationError(f"{field.name} is {value}, not more than 0.")
            elif value < 1:
                raise ConfigurationError(f"{field.name} is {value}, less than 1.")
        if self.queue_size < self.max_items:
            raise ConfigurationError(
                f"queue_size is {self.queue_size}, less than max_items, {self.max_items}: there "
                "would never be room for such a request."
            )
