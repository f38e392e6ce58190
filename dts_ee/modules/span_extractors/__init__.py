"""The vector of an entity, from those of its tokens."""

from dts_ee.modules.span_extractors.last_token import (
    LastTokenAndMaximumSpanExtractor,
    LastTokenSpanExtractor,
)

__all__ = ["LastTokenAndMaximumSpanExtractor", "LastTokenSpanExtractor"]
