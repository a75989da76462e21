"""The functions that AWS runs for its own task types: one before an item, one after its answers."""

from typing import Literal

Shown = Literal["text", "image"]

OWNERS = {
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
    "ca-central-1": "918755190332",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "eu-central-1": "203001061592",
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
}
"""Which account has them in each region (`HumanTaskConfig` in the SageMaker API reference)."""
TYPES: dict[Shown, str] = {"text": "TextMultiClass", "image": "ImageMultiClass"}


def refuse_unknown_region(region: str) -> None:
    """Raise a `ValueError` if AWS has no such functions there."""
    if region not in OWNERS:
        known = ", ".join(sorted(OWNERS))
        raise ValueError(
            f"AWS has no functions for Ground Truth in {region!r}; use one of {known},"
            " or give pre_lambda and post_lambda"
        )


def pre(region: str, shown: Shown) -> str:
    """Give the ARN of the function that makes a task of a line of the manifest."""
    return _arn(region, f"PRE-{TYPES[shown]}")


def post(region: str, shown: Shown) -> str:
    """Give the ARN of the function that makes one label of all answers of an item."""
    return _arn(region, f"ACS-{TYPES[shown]}")


def _arn(region: str, function: str) -> str:
    return f"arn:aws:lambda:{region}:{OWNERS[region]}:function:{function}"
