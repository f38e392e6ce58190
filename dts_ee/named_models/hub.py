"""Models on the Hugging Face hub, or on the host in `HF_ENDPOINT`."""

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Optional, Tuple

from allennlp.common.checks import ConfigurationError

from dts_ee.named_models.card import ModelCard
from dts_ee.named_models.hub_address import ARCHIVE_NAME, HubAddress
from dts_ee.named_models.hub_card import hub_card


def download_model(address: HubAddress) -> Path:
    """
    The archive of a model on the hub, from huggingface_hub's cache if it is there already.

    Nothing but the archive is downloaded. Without a network, the cached archive is used.

    # Raises

    `ConfigurationError`
        If there is no such repository, revision or archive, or the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    with _explaining_errors(address):
        return Path(hf_hub_download(address.repository, ARCHIVE_NAME, revision=address.revision))


def push_model(
    model: str,
    repository: str,
    version: str = "1.0.0",
    private: bool = False,
    revision: Optional[str] = None,
    **options: Any,
) -> Tuple[str, ModelCard]:
    """
    Uploads a model's archive, with its card as `README.md`, in one commit.

    # Parameters

    model : `str`
        The archive, the folder of its training, or a model's name.
    repository : `str`
        `owner/name`, which is made if there is none.
    version : `str`, optional (default = `"1.0.0"`)
        The model's version.
    private : `bool`, optional (default = `False`)
        Whether a repository that is made is private.
    revision : `str`, optional (default = `None`)
        The branch, which is made if there is none; `None` for the main branch.
    options : `Any`
        Other arguments of `copy_archive`.

    # Returns

    `Tuple[str, ModelCard]`
        The URL of the commit, and the card.

    # Raises

    `ConfigurationError`
        As `copy_archive`; or if nobody is logged in, may not write there, or the hub cannot be
        reached.
    """
    from huggingface_hub import HfApi, get_token

    # Imported late: it imports the model.
    from dts_ee.named_models.archive_copy import copy_archive

    address = HubAddress(HubAddress.parse(repository).repository, revision)
    if get_token() is None:
        raise ConfigurationError(
            "the hub needs a token to upload: `hf auth login` keeps one, or the environment "
            "variable HF_TOKEN has it"
        )
    api = HfApi()
    with tempfile.TemporaryDirectory(prefix="dts-ee-push-") as temporary:
        folder = Path(temporary)
        card = copy_archive(
            model, folder / ARCHIVE_NAME, address.repository.split("/")[1], version, **options
        )
        (folder / "README.md").write_text(hub_card(card, address), encoding="utf-8")
        with _explaining_errors(address):
            api.create_repo(address.repository, private=private, exist_ok=True)
            if revision is not None:
                api.create_branch(address.repository, branch=revision, exist_ok=True)
            commit = api.upload_folder(
                repo_id=address.repository,
                folder_path=folder,
                revision=revision,
                commit_message=f"Version {version}",
            )
    return commit.commit_url, card


@contextmanager
def _explaining_errors(address: HubAddress) -> Iterator[None]:
    from httpx import HTTPError
    from huggingface_hub import errors
    from huggingface_hub.constants import ENDPOINT

    try:
        yield
    except errors.GatedRepoError:
        problem = "its owner has to give you access first, on its page"
    except errors.RepositoryNotFoundError:
        problem = (
            "there is no such repository, or it is private: `hf auth login`, or HF_TOKEN, gives "
            "access to yours"
        )
    except errors.RevisionNotFoundError:
        problem = f"the repository has no revision {address.revision!r}"
    except errors.RemoteEntryNotFoundError:
        problem = f"the repository has no {ARCHIVE_NAME}: it is not a model of dts_ee"
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        problem = f"the hub answered with the status {status}: {_first_line(error)}"
        if status in (401, 403):
            problem = (
                f"the token is not valid, or may not do this ({status}): `hf auth login` changes it"
            )
    except errors.OfflineModeIsEnabled:
        problem = "the environment variable HF_HUB_OFFLINE forbids the network"
    except errors.LocalEntryNotFoundError:
        problem = f"{ENDPOINT} cannot be reached, and the model is not in the cache"
    except HTTPError:
        problem = f"{ENDPOINT} cannot be reached"
    else:
        return
    raise ConfigurationError(f"{address}: {problem}")


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()[:200]
