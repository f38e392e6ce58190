"""
The parts of huggingface_hub that AllenNLP's `push-to-hf` uses.
"""

from dts_ee.compat.absent_packages import absent_class


def stand_in_for_hub_repository() -> None:
    """
    Lets AllenNLP import `Repository` and `HfFolder`, which huggingface_hub removed in 1.0.

    Only `allennlp push-to-hf` uses them, which now says what it needs.
    """
    import huggingface_hub

    for name in ("HfFolder", "Repository"):
        if not hasattr(huggingface_hub, name):
            replacement = absent_class(
                f"huggingface_hub.{name}", "pip install 'huggingface_hub<1', or upload the archive"
            )
            setattr(huggingface_hub, name, replacement)
