"""
Texts to try a model with, which were written for this project (see fixtures/sample).
"""

from collections.abc import Collection

_NEWS = (
    "Yusuf Abdi, a refugee from Hargeisa, now lives in Columbus, Ohio, where he teaches "
    "mathematics.",
    '"The ice is thinner than any we have measured," said Greta Hallberg, a scientist with the '
    "Nordic Climate Institute in Stockholm, Sweden.",
    "Edmund Grey was shot to death in his study by his butler, Cyril Penn, according to the "
    "inquest.",
)

_CASE_REPORTS = (
    "An 82-year-old widow became delirious during the second night on oxybutynin.",
    "When nitroglycerin paste was applied by a confused relative, the patient had a throbbing "
    "headache followed by syncope.",
    "Amphotericin B, gentamicin and vancomycin each added to the tubular necrosis that finally "
    "required dialysis.",
)

_EXAMPLES = (
    (frozenset({"Peop", "Loc", "Org", "Other"}), _NEWS),
    (frozenset({"Drug", "Adverse-Effect"}), _CASE_REPORTS),
)


def examples_for(entity_types: Collection[str]) -> tuple[str, ...]:
    """
    Texts with entities of some types; none if the types are not those of a sample corpus.

    The texts are of the test splits, with which no model is trained.

    # Parameters

    entity_types : `Collection[str]`
        The types that a model predicts.
    """
    for types, texts in _EXAMPLES:
        if types == set(entity_types):
            return texts
    return ()
