"""
The output of `dts-ee --help`: all commands, without importing them.
"""

from dts_ee.commands.light import LIGHT_COMMANDS

OTHER_COMMANDS = {
    "ablate": "Leave out an experiment's parts in turn, and write what that costs.",
    "build-vocab": "Build a vocabulary from an experiment config file.",
    "cached-path": "Cache remote files to the AllenNLP cache.",
    "calibrate": "Fit temperatures that calibrate a model's probabilities.",
    "checklist": "Run a trained model through a checklist suite.",
    "compare": "Compare experiments that were repeated or cross-validated, with a test of "
    "significance.",
    "convert": "Convert a corpus from one format to another.",
    "count-instances": "Count the number of training instances in an experiment config file.",
    "cross-validate": "Train an experiment once for each fold, and write mean and deviation.",
    "describe": "Describe the files of a corpus, and list all problems in them.",
    "diff": "Display a diff between two model checkpoints.",
    "ensemble": "Combine trained models in one archive, which predicts with all of them.",
    "evaluate": "Evaluate the specified model + dataset(s).",
    "export": "Export the frozen encoder of a model for onnxruntime.",
    "find-lr": "Find a learning rate range.",
    "keep": "Keep a copy of a model where it is found by its name, in any folder.",
    "label-studio": "Serve a trained model as an ML backend of Label Studio.",
    "learning-curve": "Train an experiment on growing samples, and show whether more data pays.",
    "package": "Build a wheel of a model, which is used by its name where it is installed.",
    "predict": "Use a trained model to make predictions.",
    "print-results": "Print results from allennlp serialization directories to the console.",
    "push": "Upload a model with its card to the Hugging Face hub.",
    "push-to-hf": "Push a model to the Hugging Face Hub.",
    "render": "Write an HTML page that shows entities in colour and relations as arcs.",
    "repeat": "Train an experiment once for each seed, and write mean and deviation.",
    "report": "Write an HTML page about what a trained model predicts for gold documents.",
    "select": "Select the sentences whose annotation is likely to help a model most.",
    "self-train": "Train a model on annotated sentences and on others without annotation.",
    "serve-dts": "Serve a trained model over HTTP.",
    "test-install": "Test AllenNLP installation.",
    "train": "Train a model.",
    "tune": "Search for the settings that are best on the development data.",
}
"""The commands that import AllenNLP, with the descriptions of their parsers."""

GROUPS = {
    "Data": ("init", "fetch", "convert", "describe", "select"),
    "Training": ("train", "learning-curve", "repeat", "cross-validate", "ablate", "self-train"),
    "Choosing settings": ("tune", "find-lr"),
    "Looking at a model": ("evaluate", "report", "compare", "calibrate"),
    "Using a model": (
        "predict",
        "ensemble",
        "export",
        "models",
        "keep",
        "package",
        "push",
        "render",
        "serve-dts",
        "label-studio",
    ),
}
"""The commands that most people need, in the order in which they need them."""


def overview(program: str) -> str:
    """
    # Parameters

    program : `str`
        The name of the program on the command line.

    # Returns

    `str`
        How to call the program, and its commands in groups, with a sentence on each. Those that are
        in no group come last, in alphabetical order.
    """
    sentences = {**LIGHT_COMMANDS, **OTHER_COMMANDS}
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "Further commands": tuple(sorted(sentences.keys() - grouped))}
    width = max(map(len, sentences)) + 2
    lines = [
        f"usage: {program} COMMAND …",
        "",
        "Joint named entity recognition and relation extraction, on AllenNLP.",
    ]
    for title, names in groups.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name.ljust(width)}{sentences[name]}" for name in names]
    lines += [
        "",
        f"{program} COMMAND --help shows a command's options, {program} --version the version.",
        "After any command, --debug shows the traceback of an error.",
    ]
    return "\n".join(lines)
