"""What errors of SageMaker mean to labelloop."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from tasks.domain.errors import (
    OutcomeUnknownError,
    TransientError,
    VendorAuthError,
    VendorError,
    VendorRefusedError,
)
from tasks.objects.errors import BUSY, code_of, is_broken_off, status_of

TAKEN = {"ResourceInUse", "ResourceInUseException"}
MISSING = {"ResourceNotFound", "ResourceNotFoundException"}
FULL = {"ResourceLimitExceeded", "ResourceLimitExceededException"}
DENIED = {
    "AccessDeniedException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "OptInRequired",
    "UnrecognizedClientException",
}
EXPIRED = {"ExpiredTokenException", "RequestExpired"}
SHOWN = 300
"""Characters of a message of AWS that are passed on."""


def is_missing(error: Exception) -> bool:
    """Whether SageMaker says that there is no such job."""
    if code_of(error) in MISSING:
        return True
    return code_of(error) == "ValidationException" and "not found" in str(error).lower()


def may_have_happened(error: Exception) -> bool:
    """Whether a call that failed so may have taken effect."""
    if isinstance(error, ClientError):
        status, named = status_of(error), code_of(error)
        return status >= 500 and named not in BUSY - {"503", "ServiceUnavailable"}
    return is_broken_off(error) or _is_no_reply(error)


def _is_no_reply(error: Exception) -> bool:
    return isinstance(error, ResponseParserError) or not isinstance(error, BotoCoreError)


def unknown(action: str, name: str, why: str) -> OutcomeUnknownError:
    """Say that nobody knows whether a call took effect."""
    what = f"nobody knows whether SageMaker did {action} the labeling job ({why})"
    return OutcomeUnknownError(what, where=name, fix="look whether it is there")


def of_sagemaker(error: Exception, action: str, where: str) -> VendorError | None:
    """Make a `VendorError` of what SageMaker alone says; None for what S3 says as well."""
    code, message = code_of(error), _message(error)
    if isinstance(error, ParamValidationError):
        return VendorRefusedError(f"its parameters are wrong: {message}", where=where)
    if code in EXPIRED:
        fix = "get new credentials"
        return VendorAuthError(f"the credentials have expired ({code})", where=where, fix=fix)
    if code in DENIED:
        fix = "check the key and its policy (docs/vendors/ground_truth.md)"
        return VendorAuthError(f"may not {action} it ({code}): {message}", where=where, fix=fix)
    if code in FULL:
        fix = "wait until jobs have ended, or have the quota raised"
        return VendorRefusedError(f"there are too many jobs: {message}", where=where, fix=fix)
    if code == "ValidationException":
        return VendorRefusedError(f"could not {action} it: {message}", where=where)
    if not isinstance(error, ClientError) and _is_no_reply(error):
        return TransientError("replied what is not SageMaker's", where=where)
    return None


def _message(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())[:SHOWN]
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())[:SHOWN]
