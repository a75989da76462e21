"""params.yaml as frozen models, one section per stage; unknown keys are refused."""

import difflib
import re
from functools import cached_property, lru_cache, reduce
from operator import getitem
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks import registry
from tasks.domain import metrics, strict_yaml, wording
from tasks.domain.errors import ParamsError
from tasks.domain.expansion import GIB, MOST
from tasks.trust import places

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Options = dict[str, Any]


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", text):
        raise ValueError(
            "must be 1 to 63 letters, digits, dots, underscores or hyphens, the first a letter or "
            f"digit, not {text!r}"
        )
    return text


def _bucket(text: str) -> str:
    if not re.fullmatch(r"s3://[^/]+(/.+)?", text):
        raise ValueError(f"must be like s3://bucket/prefix, not {text!r}")
    return text


class Section(BaseModel):
    """What all sections have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CampaignParams(Section):
    """Who we are, what may be answered, and what it may cost."""

    name: Annotated[str, AfterValidator(_name)]
    seed: Annotated[int, Field(ge=0)]
    budget: Money | None
    classes: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=2)]

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is listed twice")
        return self


class PoolParams(Section):
    """Where the items come from."""

    source: str
    id: str | None
    label: str | None = None
    known: Literal["hidden", "seed"] = "hidden"
    confirmed: list[str] = []
    most_gigabytes: Annotated[float, Field(gt=0, le=1024)] = MOST / GIB

    @property
    def most(self) -> int:
        """The bytes that the source may unpack to."""
        return int(self.most_gigabytes * GIB)


class FeaturesParams(Section):
    """The columns that a model reads, by kind."""

    numeric: list[str] = []
    categorical: list[str] = []
    text: list[str] = []
    embedding: list[str] = []
    image: list[str] = []

    @property
    def columns(self) -> list[str]:
        """All of them, in the order in which they are declared."""
        return [*self.numeric, *self.categorical, *self.text, *self.embedding, *self.image]

    @model_validator(mode="after")
    def _some_and_once(self) -> Self:
        if not self.columns:
            raise ValueError("declare at least one feature column")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a column is declared twice")
        return self


class TrainParams(Section):
    """The learner."""

    learner: str
    options: Options = {}
    calibrate: bool = True

    @model_validator(mode="after")
    def _exists(self) -> Self:
        registry.build("learners", self.learner, self.options)
        return self


class Mix(Section):
    """Strategies by the share of the batch that each fills."""

    shares: dict[str, Share]
    options: dict[str, Options] = {}

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for name in self.shares:
            registry.build("strategies", name, self.options.get(name))
        if abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"the shares add up to {sum(self.shares.values()):g}, not to 1")
        if unused := sorted(self.options.keys() - self.shares.keys()):
            raise ValueError(f"options for {unused[0]!r}, which has no share")
        return self


class ScoreParams(Section):
    """How much is asked for, and how it is chosen."""

    batch: Count
    strategies: Mix
    cold_start: Mix
    runners_up: Annotated[int, Field(ge=0)] = 10

    @model_validator(mode="after")
    def _cold_start_needs_no_model(self) -> Self:
        for name in self.cold_start.shares:
            if registry.component("strategies", name).needs_model:
                raise ValueError(f"cold_start: {name!r} needs a model, and there is none yet")
        return self


class PushParams(Section):
    """What goes out beside the queried items."""

    redundancy: Count
    gold: Share
    prelabels: bool = False


class VendorParams(Section):
    """Who is asked, what is shown to them, and what an answer costs."""

    name: str
    send: Annotated[list[str], Field(min_length=1)]
    pseudonyms: bool
    price: Money
    options: Options

    @model_validator(mode="after")
    def _exists(self) -> Self:
        registry.build("vendors", self.name, self.options)
        return self


class FallbackParams(Section):
    """Who is asked for what the vendor did not answer in time; shown the same fields."""

    name: str
    price: Money
    options: Options = {}

    @model_validator(mode="after")
    def _exists(self) -> Self:
        registry.build("vendors", self.name, self.options)
        return self


Hours = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class CollectParams(Section):
    """How long to wait, and what to do then."""

    deadline_hours: Hours | None = None
    at_deadline: Literal["wait", "take", "withdraw", "resend"] = "take"
    remind_hours: Hours | None = None
    fallback: FallbackParams | None
    poll_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0

    @model_validator(mode="after")
    def _somebody_else(self) -> Self:
        if self.at_deadline == "resend" and self.fallback is None:
            raise ValueError("at_deadline is resend, and fallback names nobody to send to")
        return self


class ReviewParams(Section):
    """How answers become labels."""

    aggregator: str
    options: Options = {}
    min_confidence: Share = 0.0
    low_confidence: Literal["another_answer", "back_to_pool"] = "another_answer"
    max_answers: Count

    @model_validator(mode="after")
    def _exists(self) -> Self:
        registry.build("aggregators", self.aggregator, self.options)
        return self


class EvaluateParams(Section):
    """How sure the metrics are, and how fast the holdout is bought."""

    holdout_per_round: Count | None
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 1000
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95


class TrackingParams(Section):
    """The MLflow server or database."""

    uri: str = "sqlite:///mlflow.db"
    experiment: str


class StorageParams(Section):
    """Where a campaign lives that several machines run."""

    ledger: Annotated[str, AfterValidator(_bucket)] | None = None
    endpoint: Annotated[str, AfterValidator(places.checked)] | None = None


class Params(Section):
    """All of params.yaml."""

    campaign: CampaignParams
    pool: PoolParams
    features: FeaturesParams
    train: TrainParams
    score: ScoreParams
    push: PushParams
    vendor: VendorParams
    collect: CollectParams
    review: ReviewParams
    evaluate: EvaluateParams
    stop: dict[str, Options]
    tracking: TrackingParams
    storage: StorageParams = StorageParams()

    @model_validator(mode="after")
    def _stop_rules_exist(self) -> Self:
        for name, options in self.stop.items():
            rule = registry.build("stopping", name, options)
            _require_metric(name, getattr(rule, "metric", None), self.campaign.classes)
        return self

    @model_validator(mode="after")
    def _label_stays_home(self) -> Self:
        for section, columns in (("features", self.features.columns), ("vendor", self.vendor.send)):
            if self.pool.label in columns:
                raise ValueError(f"{section}: {self.pool.label!r} is the label column")
        return self

    def sections(self, *names: str) -> dict[str, Any]:
        """Give sections, or one key of one as in ``campaign.seed``, as plain values."""
        return {name: reduce(getitem, name.split("."), self._plain) for name in names}

    @property
    def most_copies(self) -> int:
        """The number of copies that are ever bought of one item."""
        return max(self.push.redundancy, self.review.max_answers)

    @cached_property
    def _plain(self) -> dict[str, Any]:
        plain = self.model_dump(mode="json")
        # Which strategy or rule comes first has a meaning that an object's keys would lose.
        plain["stop"] = list(plain["stop"].items())
        for mix in ("strategies", "cold_start"):
            plain["score"][mix]["shares"] = list(plain["score"][mix]["shares"].items())
        return plain


def _require_metric(rule: str, metric: str | None, classes: list[str]) -> None:
    known = metrics.names(classes)
    if metric is None or metric in known:
        return
    near = difflib.get_close_matches(metric, known, n=1, cutoff=0.3)
    guess = f"did you mean {near[0]!r}? " if near else ""
    raise ParamsError(
        f"stop.{rule}.metric: there is no metric {metric!r}",
        fix=f"{guess}There are {metrics.listed()}",
    )


def load(path: Path) -> Params:
    """Read params.yaml.

    Raises
    ------
    ParamsError
        The file is missing, not YAML, or something in it cannot be; names the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(
            "is missing", where=str(path), fix="make a campaign with `labelloop init`"
        ) from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"is not UTF-8 (byte {error.start})", where=str(path)) from None
    return parse(text, where=path.name)


def parse(text: str, *, where: str = "params.yaml") -> Params:
    """Read params.yaml's text; as `load`."""
    return _parsed(text, where)


@lru_cache(maxsize=4)
def _parsed(text: str, where: str) -> Params:
    """Read a text once: every action opens the campaign anew."""
    try:
        content = strict_yaml.parse(text)
    except yaml.YAMLError as error:
        raise _not_yaml(error, where) from None
    except strict_yaml.StrictYamlError as error:
        raise ParamsError(str(error), where=where) from None
    except ValueError as error:
        # What looks like a date and is none, such as 2026-02-30.
        fix = "put dates in quotes"
        raise ParamsError(f"is not YAML ({error})", where=where, fix=fix) from None
    if not isinstance(content, dict):
        raise ParamsError("holds no sections", where=where)
    try:
        return Params.model_validate(content)
    except ParamsError as error:
        raise ParamsError(error.what, where=where, fix=error.fix) from None
    except ValidationError as error:
        raise _first_problem(error, where) from None


def _first_problem(error: ValidationError, where: str) -> ParamsError:
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        message, fix = "unknown key", _nearest(path)
    elif problem["type"] == "missing":
        message, fix = "is missing", "add it"
    else:
        message, fix = wording.told(problem)
    return ParamsError(message, where=" ".join([where, ".".join(path)]).strip(), fix=fix)


def _not_yaml(error: yaml.YAMLError, where: str) -> ParamsError:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ParamsError(f"is not YAML ({error})", where=where)
    mark, context = error.problem_mark, f" {error.context}" if error.context else ""
    place = f"{where} line {mark.line + 1}, column {mark.column + 1}"
    return ParamsError(f"is not YAML{context}: {error.problem}", where=place)


def _nearest(path: list[str]) -> str:
    model: Any = Params
    for part in path[:-1]:
        field = model.model_fields.get(part)
        model = field.annotation if field else Section
    near = difflib.get_close_matches(path[-1], model.model_fields, n=1)
    known = ", ".join(model.model_fields)
    return f"did you mean {near[0]!r}?" if near else f"known keys: {known}"
