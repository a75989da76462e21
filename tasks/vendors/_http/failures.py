"""Failures of HTTP, in the vendors' own terms."""

from tasks.domain.errors import (
    OutcomeUnknownError,
    TransientError,
    VendorError,
    VendorRefusedError,
)


def unsure(what: str, where: str, once: bool) -> VendorError:
    """Make the error of a call whose effect is not known: it matters only if it writes."""
    if once:
        fix = "look what is there before sending anything again"
        return OutcomeUnknownError(what, where=where, fix=fix)
    return TransientError(what, where=where, fix="try again later")


def unreachable(error: Exception, where: str) -> VendorError:
    """Make the error of a call that no server has heard."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        fix = "export SSL_CERT_FILE with the authority that signed it"
        return VendorRefusedError("has a certificate that is not trusted", where=where, fix=fix)
    fix = "check that the server runs and that url is its address"
    return TransientError(f"nobody answers ({type(error).__name__})", where=where, fix=fix)
