"""
The environment variables that a Jsonnet file can read.
"""

import functools
import json
from typing import Dict

from dts_ee.compat.patching import replace_everywhere


def give_jsonnet_all_variables() -> None:
    """
    Adds an external variable `DTS_EE_ENVIRONMENT`: all environment variables as a JSON object.

    AllenNLP (2.10.1, with any torch) passes each environment variable as an external variable, but
    Jsonnet cannot test whether one is set: `std.extVar` of an unset one is an error. The experiment
    for a user's own data needs to know which files there are.
    """
    from allennlp.common import params

    original = params._environment_variables

    @functools.wraps(original)
    def environment_variables() -> Dict[str, str]:
        variables = original()
        return {**variables, "DTS_EE_ENVIRONMENT": json.dumps(variables)}

    replace_everywhere("allennlp", original, environment_variables)
