"""The laws that every vendor keeps; they are shipped as `labelloop_contracts`, and live there."""

from labelloop_contracts.vendor import VendorLaws

__all__ = ["VendorLaws"]
