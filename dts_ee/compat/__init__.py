"""
Patches for AllenNLP 2.10.1 and allennlp-models 2.10.1 to run with Python 3.11 and later, torch 2
and transformers 5.

They were written for Python 3.7 to 3.10, torch < 1.13 and transformers < 4.21. Each file fixes one
thing, and names the release that broke it, or AllenNLP's own fault. AllenNLP's models of images are
not fixed.

Importing this package applies all patches, before the rest of `dts_ee` imports anything of
AllenNLP. The patches import AllenNLP only when they are applied, as the first ones must precede
that import. `dts_ee_import_hook` has this package imported wherever AllenNLP is.
"""

import functools
from typing import Callable, List

from dts_ee.compat.absent_packages import stand_in_for_absent_packages
from dts_ee.compat.archives import read_archives_as_data, write_archives_with_checksums
from dts_ee.compat.checkpoints import (
    allow_numpy_in_training_state,
    recover_moving_averages,
    write_checkpoints_atomically,
)
from dts_ee.compat.child_processes import end_children_with_parent
from dts_ee.compat.command_line import report_errors_in_one_line, require_keys_of_print_results
from dts_ee.compat.configuration import name_configuration_key_in_errors
from dts_ee.compat.console_log import keep_log_out_of_console
from dts_ee.compat.data_loader_workers import create_lock_in_context_of_workers
from dts_ee.compat.distributed_training import (
    refuse_test_data_in_distributed_training,
    train_on_several_machines,
)
from dts_ee.compat.evaluate_command import (
    evaluate_with_registered_types,
    print_table_of_evaluate,
    require_data_loader_of_evaluate,
)
from dts_ee.compat.file_cache import read_local_files_without_cache
from dts_ee.compat.find_lr_command import find_learning_rate_of_derived_trainers
from dts_ee.compat.from_archive import (
    keep_encoders_of_archive,
    replace_archive_in_configurations,
)
from dts_ee.compat.gpu_check import check_for_gpu_first
from dts_ee.compat.gradient_clipping import rescale_sparse_gradients
from dts_ee.compat.hub_repository import stand_in_for_hub_repository
from dts_ee.compat.jsonnet_variables import give_jsonnet_all_variables
from dts_ee.compat.mixed_precision import use_current_autocast
from dts_ee.compat.plugins import (
    hide_list_of_plugins,
    import_submodules_in_one_pass,
    import_the_taggers_of_allennlp_models,
)
from dts_ee.compat.progress_bars import show_few_progress_bars
from dts_ee.compat.recovery import recover_trainings_exactly
from dts_ee.compat.reduce_on_plateau import register_reduce_on_plateau
from dts_ee.compat.serialization_folder import (
    recover_from_any_moment,
    remove_folder_of_failed_start,
)
from dts_ee.compat.termination import end_by_sigterm
from dts_ee.compat.test_install_command import say_what_test_install_found
from dts_ee.compat.torch_compiler import import_transformers_without_compiler
from dts_ee.compat.training_output import show_training
from dts_ee.compat.transformers_optimizer import give_transformers_its_optimizer
from dts_ee.compat.vocabulary_files import write_namespaces_in_order
from dts_ee.compat.wandb_callback import track_with_current_wandb

PATCHES: List[Callable[[], None]] = [
    stand_in_for_absent_packages,
    import_transformers_without_compiler,
    stand_in_for_hub_repository,
    give_transformers_its_optimizer,
    keep_log_out_of_console,
    import_the_taggers_of_allennlp_models,
    import_submodules_in_one_pass,
    give_jsonnet_all_variables,
    read_local_files_without_cache,
    allow_numpy_in_training_state,
    write_checkpoints_atomically,
    write_archives_with_checksums,
    recover_moving_averages,
    recover_trainings_exactly,
    end_by_sigterm,
    write_namespaces_in_order,
    register_reduce_on_plateau,
    use_current_autocast,
    rescale_sparse_gradients,
    check_for_gpu_first,
    create_lock_in_context_of_workers,
    end_children_with_parent,
    report_errors_in_one_line,
    require_keys_of_print_results,
    name_configuration_key_in_errors,
    replace_archive_in_configurations,
    keep_encoders_of_archive,
    read_archives_as_data,
    remove_folder_of_failed_start,
    recover_from_any_moment,
    refuse_test_data_in_distributed_training,
    train_on_several_machines,
    hide_list_of_plugins,
    show_few_progress_bars,
    show_training,
    track_with_current_wandb,
    print_table_of_evaluate,
    evaluate_with_registered_types,
    require_data_loader_of_evaluate,
    find_learning_rate_of_derived_trainers,
    say_what_test_install_found,
]
"""The patches in the order in which they are applied."""


@functools.cache
def apply() -> None:
    """Applies every patch; further calls do nothing."""
    for patch in PATCHES:
        patch()


apply()
