"""
Hypothesis strategies for damaged files: JSON values, texts and bytes with a few changes.
"""

from hypothesis import strategies as st

OTHER_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 60)
    | st.sampled_from([10**30, 1.5, float("nan"), "\ud800", "", "Bo", "/p[1]/text()[1]", "<p><!["])
    | st.sampled_from([[], {}, [[]], [[0, 1]], [{}], [{"text": "Ann"}]])
    | st.text(max_size=3)
)

_PIECES = st.sampled_from(
    ["\t", "\n", "\n\n", "\r", " ", ",", '"', "|", "_", "*", "[1]", "\\", "9" * 30, "-", "<", ">"]
)


@st.composite
def changed(draw, value):
    """A JSON value with one of the values in it replaced, removed or there twice."""
    if isinstance(value, dict) and value and draw(st.integers(0, 7)):
        key = draw(st.sampled_from(sorted(value)))
        if not draw(st.integers(0, 7)):
            return {other: value[other] for other in value if other != key}
        return {**value, key: draw(changed(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 7)):
        i = draw(st.integers(0, len(value) - 1))
        repeats = draw(st.sampled_from([0, 1, 1, 1, 1, 2]))
        return [*value[:i], *[draw(changed(value[i]))] * repeats, *value[i + 1 :]]
    return draw(OTHER_VALUES)


@st.composite
def changed_text(draw, text):
    """A text in which some pieces are replaced, and perhaps two lines exchanged."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 9, len(text))))
        text = text[:start] + draw(st.text(max_size=3) | _PIECES) + text[end:]
    lines = text.split("\n")
    if not draw(st.integers(0, 3)):
        i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


@st.composite
def changed_bytes(draw, content):
    """A content with one bit flipped, some bytes zeroed, two pieces exchanged, or cut off."""
    start = draw(st.integers(0, len(content) - 1))
    length = draw(st.sampled_from([1, 16, 4096]))
    kind = draw(st.sampled_from(["flip", "zero", "exchange", "cut"]))
    if kind == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return content[:start] + bytes([content[start] ^ bit]) + content[start + 1 :]
    if kind == "zero":
        zeros = bytes(len(content[start : start + length]))
        return content[:start] + zeros + content[start + length :]
    if kind == "exchange":
        middle, end = start + length, start + 2 * length
        return content[:start] + content[middle:end] + content[start:middle] + content[end:]
    return content[:start]
