"""
The API of a Label Studio that runs, from which annotated tasks are fetched.
"""

from typing import Any

import requests
from allennlp.common.checks import ConfigurationError

_TIMEOUT = (10.0, 120.0)
"""Seconds for a connection, and for an answer."""


class LabelStudioClient:
    """
    Fetches tasks.

    # Parameters

    url : `str`
        The address of Label Studio.
    token : `str`
        An access token of an account there: a personal one, or one of the former kind.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def annotated_tasks(self, project: int) -> list[Any]:
        """
        The annotated tasks of a project, as Label Studio exports them.

        # Parameters

        project : `int`
            The project's number.

        # Raises

        `ConfigurationError`
            If Label Studio does not answer, or refuses.
        """
        headers = {"Authorization": self._authorization()}
        path = f"api/projects/{project}/export"
        tasks = self._call("GET", path, params={"exportType": "JSON"}, headers=headers)
        if not isinstance(tasks, list):
            raise ConfigurationError(f"{self._url}/{path} has no list of tasks")
        return tasks

    def _authorization(self) -> str:
        # A personal access token is a JSON Web Token, with which one that is valid for minutes is
        # asked for.
        if self._token.count(".") != 2:
            return f"Token {self._token}"
        answer = self._call("POST", "api/token/refresh", json={"refresh": self._token})
        return f"Bearer {answer['access']}"

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        url = f"{self._url}/{path}"
        try:
            response = requests.request(method, url, timeout=_TIMEOUT, **arguments)
            if response.ok:
                return response.json()
        except requests.JSONDecodeError:
            raise ConfigurationError(f"{url} does not answer with JSON") from None
        except requests.RequestException as error:
            raise ConfigurationError(
                f"{url} cannot be reached ({type(error).__name__}): set LABEL_STUDIO_URL to the "
                "address of Label Studio"
            ) from error
        hint = (
            ": set LABEL_STUDIO_API_KEY to an access token of an account that may export the "
            "project"
            if response.status_code in (401, 403)
            else ""
        )
        raise ConfigurationError(f"{url} answers {response.status_code} {response.reason}{hint}")
