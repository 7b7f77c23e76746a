"""Whether an MLflow server answers and lets this user in, and what to do about it where it does not.

The user and the password come from the environment and are MLflow's affair; no one else reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnlab.errors import BadInputError, Problem, StoreRefusesError, without_credentials

if TYPE_CHECKING:
    from requests import Response

SECONDS_TO_ANSWER = 5
UNAUTHENTICATED, FORBIDDEN, BROKEN = 401, 403, 500
"""HTTP's status codes; MLflow's basic authentication answers the last to a token, which it does not take."""

API = "/api/2.0/mlflow"
VARIABLES = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN,"


def check_server(uri: str, experiment: str, *, to_write: bool) -> None:
    """Make sure that a server answers, knows this user and lets them do what they want; nothing is changed there.

    Args:
        uri: the server's address.
        experiment: the MLflow experiment that is to be used; it need not exist.
        to_write: whether runs are to be made in it.

    Raises:
        BadInputError: it does not.
    """
    health = _ask(uri, "/health")
    if health.status_code not in (UNAUTHENTICATED, FORBIDDEN) and health.content[:100].strip() != b"OK":
        raise _no_server(uri, "something else answers there")
    found = _ask(uri, f"{API}/experiments/get-by-name", params={"experiment_name": experiment})
    _check_let_in(found, uri, experiment, "see")
    if found.status_code >= BROKEN:
        raise _no_server(uri, f"it answers {found.status_code} {found.reason}")
    if not to_write or not found.ok:
        return
    about = found.json()["experiment"]
    for tag in about.get("tags", [])[:1]:
        # Setting a tag to what it is changes nothing, and takes the permission that making a run takes.
        again = {"experiment_id": about["experiment_id"], **tag}
        answer = _ask(uri, f"{API}/experiments/set-experiment-tag", method="POST", json=again)
        _check_let_in(answer, uri, experiment, "write to")


def refusal(error: BaseException, uri: str) -> Problem | None:
    """Return what to do about a server's refusal, or None where the error is something else.

    Args:
        error: what MLflow raised.
        uri: the server's address.
    """
    from mlflow.exceptions import MlflowException

    if isinstance(error, StoreRefusesError):
        return error.problem
    if isinstance(error, MlflowException):
        status = error.get_http_status_code()
    else:
        status = getattr(getattr(error, "response", None), "status_code", None)
    if status == UNAUTHENTICATED:
        return _not_known(uri)
    if status == FORBIDDEN:
        allowed = "the server knows this user but does not permit this: ask its administrator"
        return Problem("tracking.uri", without_credentials(uri), allowed)
    return None


def reason(error: Exception, uri: str | None) -> str:
    """Return in one line why a store does not take what it was sent.

    Args:
        error: what it raised.
        uri: the server's address, or None of a local store.
    """
    refused = refusal(error, uri) if uri is not None else None
    return str(refused) if refused else without_credentials(f"{type(error).__name__}: {error}".splitlines()[0])


def _check_let_in(answer: Response, uri: str, experiment: str, to_do: str) -> None:
    if answer.status_code == UNAUTHENTICATED:
        raise BadInputError(_not_known(uri))
    if answer.status_code == FORBIDDEN:
        allowed = f"the server knows this user but does not let them {to_do} this experiment: ask its administrator"
        raise BadInputError(Problem("tracking.experiment", experiment, allowed))


def _not_known(uri: str) -> Problem:
    allowed = f"the server wants a user and a password that it knows: set {VARIABLES} in the environment"
    return Problem("tracking.uri", without_credentials(uri), allowed)


def _no_server(uri: str, why: str) -> BadInputError:
    return BadInputError(
        Problem("tracking.uri", uri, f"must be the address of an MLflow server that answers ({why})")
    )


def _ask(uri: str, path: str, method: str = "GET", **values: Any) -> Response:
    """Return a server's answer, asked as MLflow's client asks: with the same credentials and certificates.

    Raises:
        BadInputError: there is none.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    asked = {"timeout": SECONDS_TO_ANSWER, "max_retries": 0, "raise_on_status": False, **values}
    try:
        answer: Response = http_request(get_default_host_creds(uri), path, method, **asked)
    except MlflowException as error:
        first: BaseException = error
        while (earlier := first.__cause__ or first.__context__) is not None:
            first = earlier
        raise _no_server(uri, str(first) or type(first).__name__) from error
    return answer
