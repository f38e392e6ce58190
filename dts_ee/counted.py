"""Numbers with their nouns, in messages."""


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun, such as `1 document` and `1,000 documents`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
