"""What errors of botocore mean to labelloop."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    ResponseStreamingError,
    SSLError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from tasks.domain.errors import (
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorError,
    VendorRefusedError,
)
from tasks.objects.capped import TooMuchError
from tasks.objects.store import Access

STRANGE = (
    ResponseParserError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
"""What reading a reply ends in that is not of the store's form."""
FOREIGN = (ClientError, BotoCoreError, HTTPError, *STRANGE)
"""All that botocore raises about a call."""
CUT = (IncompleteReadError, ResponseStreamingError)
UNSENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
BAD_CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
"""OpenSSL's words when there is nobody to trust; its others tell of a wire that broke."""
KEY_ID, KEY_SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
"""Where boto3 looks by itself."""
NO_KEYS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    NoAuthTokenError,
    TokenRetrievalError,
)
BAD_KEY = {"InvalidAccessKeyId"}
BAD_SECRET = {"SignatureDoesNotMatch"}
BAD_TOKEN = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidSecurity",
    "InvalidToken",
    "TokenRefreshRequired",
}
DENIED = (401, 403)
RIGHTS = "s3:GetObject, s3:PutObject and s3:ListBucket"
BUSY = {
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "429",
    "503",
}
FULL = {
    "EntityTooLarge",
    "InsufficientStorage",
    "QuotaExceeded",
    "QuotaExceededException",
    "ServiceQuotaExceededException",
    "XAmzQuotaExceeded",
    "XMinioAdminBucketQuotaExceeded",
    "XMinioStorageFull",
}
ELSEWHERE = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
}
SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
PASSING = {
    "ConditionalRequestConflict",
    "RequestTimeout",
    "OperationAborted",
    "InternalError",
    "BadDigest",
    "IncompleteBody",
}


def code_of(error: Exception) -> str:
    """Give the code of an error that the store sent; empty for others."""
    reply = error.response if isinstance(error, ClientError) else {}
    return str(reply.get("Error", {}).get("Code", ""))


def status_of(error: Exception) -> int:
    """Give the HTTP status of an error that the store sent; 0 for others."""
    reply = error.response if isinstance(error, ClientError) else {}
    return int(reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_unsent(error: Exception) -> bool:
    """Whether the request cannot have reached the store."""
    return isinstance(error, UNSENT) or _is_distrust(error)


def is_broken_off(error: Exception) -> bool:
    """Whether the request may have reached the store, and its reply did not come."""
    return isinstance(error, HTTPClientError | SSLError) and not is_unsent(error)


def is_strange(error: Exception) -> bool:
    """Whether a reply could not be read."""
    return isinstance(error, STRANGE) and not isinstance(error, BotoCoreError)


def _is_distrust(error: Exception) -> bool:
    return isinstance(error, SSLError) and any(word in str(error) for word in BAD_CERTIFICATE)


def mapped(error: Exception, action: str, where: str, access: Access) -> VendorError:
    """Make the narrowest `VendorError` of an error.

    Parameters
    ----------
    action : str
        What was tried: open, read, write or list.
    where : str
        The object's URL.
    access : Access
    """
    if isinstance(error, ClientError):
        return _of_key(error, where, access) or _of_reply(error, action, where)
    return _of_wire(error, action, where, access)


def _of_key(error: ClientError, where: str, access: Access) -> VendorError | None:
    code = code_of(error)
    if code in BAD_KEY:
        fix = f"check {access.key_id or KEY_ID}"
        what = f"the store does not know this access key ({code})"
        return VendorAuthError(what, where=where, fix=fix)
    if code in BAD_SECRET:
        fix = f"check {access.key_secret or KEY_SECRET}"
        what = f"the store does not take this secret key ({code})"
        return VendorAuthError(what, where=where, fix=fix)
    if code in BAD_TOKEN:
        fix = "get new ones (AWS_SESSION_TOKEN)"
        what = f"the credentials have expired or are of somewhere else ({code})"
        return VendorAuthError(what, where=where, fix=fix)
    return None


def _of_reply(error: ClientError, action: str, where: str) -> VendorError:
    code, status = code_of(error), status_of(error)
    if code == "NoSuchBucket":
        bucket = where.removeprefix("s3://").partition("/")[0]
        return VendorRefusedError(f"there is no bucket {bucket!r}", where=where, fix="make it")
    if code in SKEWED:
        return _skewed(error, where)
    if code in FULL or status == 507:
        fix = "make room, or raise its quota"
        return VendorRefusedError(f"the bucket is full ({code})", where=where, fix=fix)
    if code in BUSY or status in (429, 503):
        what = f"the store asks for patience ({code})"
        return ThrottledError(what, where=where, retry_after=_retry_after(error))
    if code in ELSEWHERE or status == 301:
        fix = "set its region, such as in AWS_DEFAULT_REGION"
        return VendorRefusedError(f"the bucket lies elsewhere ({code})", where=where, fix=fix)
    if status in DENIED or code in map(str, DENIED):
        fix = f"allow the key {RIGHTS} under this prefix"
        return VendorAuthError(f"may not {action} it ({code})", where=where, fix=fix)
    if code in PASSING or (status >= 500 and status != 501):
        return TransientError(f"could not {action} it ({code})", where=where)
    fix = "check the endpoint" if code == str(status) else ""
    fix = "use a store with conditional writes" if status == 501 else fix
    return VendorRefusedError(f"could not {action} it ({code})", where=where, fix=fix)


def _of_wire(error: Exception, action: str, where: str, access: Access) -> VendorError:
    kind, endpoint = type(error).__name__, access.endpoint or "the server"
    if isinstance(error, NO_KEYS):
        fix = f"export {KEY_ID} and {KEY_SECRET}"
        return VendorAuthError(f"there are no credentials ({kind})", where=where, fix=fix)
    if _is_distrust(error):
        fix = "check the address, or name the certificate authority in AWS_CA_BUNDLE"
        return VendorRefusedError(f"{endpoint} has no valid certificate", where=where, fix=fix)
    if isinstance(error, TooMuchError):
        return VendorRefusedError(str(error), where=where, fix="check the endpoint")
    if is_strange(error):
        fix = "check the endpoint"
        return VendorRefusedError(f"{endpoint} does not speak S3", where=where, fix=fix)
    if isinstance(error, (HTTPClientError, HTTPError, SSLError, *UNSENT, *CUT)):
        return TransientError(f"{endpoint} cannot be reached ({kind})", where=where)
    return VendorRefusedError(f"could not {action} it ({error})", where=where)


def _skewed(error: ClientError, where: str) -> VendorError:
    server = _time(error.response.get("Error", {}).get("ServerTime"))
    server = server or _time(_headers(error).get("date"))
    minutes = abs((datetime.now(UTC) - server).total_seconds()) / 60 if server else None
    about = f" by about {minutes:.0f} minutes" if minutes is not None else ""
    what = f"this machine's clock is off{about} ({code_of(error)})"
    return VendorRefusedError(what, where=where, fix="set the clock")


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _retry_after(error: ClientError) -> float | None:
    text = str(_headers(error).get("retry-after", ""))
    return float(text) if text.isascii() and text.isdigit() else None


def _headers(error: ClientError) -> dict[str, str]:
    headers: dict[str, str] = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
