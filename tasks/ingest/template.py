"""The params.yaml of a new campaign, with a comment on every key."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from tasks.ingest.infer import Columns

SOURCE = "data/source"
UNBALANCED = 0.7
"""A larger share of one class makes accuracy say little of the others."""
AT_LEAST = {"accuracy": 0.95, "macro_f1": 0.9}
"""When a campaign has reached its target, to begin with: a mean over classes rises more slowly."""


@dataclass(frozen=True)
class Plan:
    """What a new campaign starts with; all of it can be changed in params.yaml afterwards.

    Attributes
    ----------
    name : str
    columns : Columns
    source : str
        As ``pool.source``.
    budget : float or None
    known : str
        What known classes are for, as ``pool.known``.
    vendor : str
    largest : float or None
        The largest class's share of the known classes.
    ledger, endpoint : str or None
        As ``storage.ledger`` and ``storage.endpoint``.
    vendor_options : mapping
    poll_seconds : float
    """

    name: str
    columns: Columns
    source: str = SOURCE
    seed: int = 7
    budget: float | None = 60.0
    known: Literal["hidden", "seed"] = "hidden"
    vendor: str = "simulated"
    largest: float | None = None
    ledger: str | None = None
    endpoint: str | None = None
    vendor_options: Mapping[str, Any] = field(default_factory=dict)
    poll_seconds: float = 0.0

    @property
    def learner(self) -> str:
        """Trees for tables, a linear model for text, images and embeddings."""
        tabular = self.columns.numeric or self.columns.categorical
        return "lightgbm" if tabular else "logistic_regression"

    @property
    def metric(self) -> str:
        """What the stop rules look at: the mean over classes where one class is most of all."""
        return "macro_f1" if (self.largest or 0.0) > UNBALANCED else "accuracy"

    @property
    def balance(self) -> str:
        """Why it is that metric."""
        if self.largest is None:
            return "no class is known; take macro_f1 if one is rare"
        share = f"the largest class has {100 * self.largest:.0f}% of the items of known class"
        if self.largest <= UNBALANCED:
            return f"{share}, so that accuracy shows what is learnt"
        return f"{share}, which is the accuracy of always answering it"


def params_yaml(plan: Plan) -> str:
    """Write the params.yaml of a plan; `tasks.params.parse` accepts it."""
    columns = plan.columns
    return TEMPLATE.format(
        name=_yaml(plan.name),
        seed=_yaml(plan.seed),
        budget=_yaml(plan.budget),
        classes=_yaml(list(columns.classes)),
        source=_yaml(plan.source),
        id=_yaml(columns.id),
        id_told="column of the items' ids" if columns.id else NO_ID,
        confirmed=_yaml(list(columns.confirmed)),
        leaks="".join(f"# Not {name!r}: {why}.\n" for name, why in columns.leaks.items()),
        metric=plan.metric,
        at_least=AT_LEAST[plan.metric],
        balance=_comment(f"The metric: {plan.balance}."),
        label=_yaml(columns.label),
        known=_yaml(plan.known),
        numeric=_yaml(list(columns.numeric)),
        categorical=_yaml(list(columns.categorical)),
        text=_yaml(list(columns.text)),
        embedding=_yaml(list(columns.embedding)),
        image=_yaml(list(columns.image)),
        learner=_yaml(plan.learner),
        vendor=_yaml(plan.vendor),
        send=_yaml(list(columns.features)),
        vendor_options=_yaml(dict(plan.vendor_options)),
        poll_seconds=_yaml(plan.poll_seconds),
        ledger=_yaml(plan.ledger),
        endpoint=_yaml(plan.endpoint),
    )


def _comment(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="  # ", subsequent_indent="  # ")


def _yaml(value: Any) -> str:
    """Write a value so that it fits behind a key, wrapped where it is long."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, indent=4, width=92
    )
    lines = text.removesuffix("\n").removesuffix("\n...").split("\n")
    return "\n    ".join(line.strip(" ") for line in lines)


NO_ID = "null: there is no such column, and ids are digests of the items' contents"
TEMPLATE = """\
# What this campaign does. Changes hold from the next round on.

campaign:
  name: {name}  # letters, digits, . _ -; part of every task's key, so never change it
  seed: {seed}  # all randomness comes from it; never change it
  budget: {budget}  # money for all answers, in the unit of vendor.price; null: no limit
  # All classes that may be answered, at least two.
  classes: {classes}

pool:
  # A file of parquet, CSV, TSV, xlsx or JSON lines, a folder of them or of images, or an example.
  source: {source}
  id: {id}  # {id_told}
  label: {label}  # column of classes that are already known; null: there is none
  known: {known}  # known classes are "hidden" (only a simulated vendor sees them) or "seed" labels
  # Columns that give the class away and may be read and sent all the same, because they are known
  # before anybody is asked; `labelloop check` refuses others.
  confirmed: {confirmed}
  # What the source may unpack to; of a campaign that is not yours, no more than 16.
  most_gigabytes: 16.0

# The columns that the model reads; all others are carried along and never trained on.
{leaks}features:
  numeric: {numeric}  # numbers
  categorical: {categorical}  # few different words, or true and false
  text: {text}  # sentences
  embedding: {embedding}  # lists of numbers, all of one length
  image: {image}  # square lists of grey values, or bytes of PNG or JPEG

train:
  learner: {learner}  # lightgbm or logistic_regression
  options: {{}}  # of the learner
  calibrate: true  # make predicted probabilities match observed frequencies

score:
  batch: 40  # items asked for in a round
  # Strategies by their share of the batch; the shares add up to 1. A share of uniform keeps
  # every item's chance of being asked above zero, which unbiased estimates need.
  strategies:
    shares: {{margin: 0.9, uniform: 0.1}}
  # The same for rounds without a model.
  cold_start:
    shares: {{kmeans: 0.8, uniform: 0.2}}
  runners_up: 10  # also record the next so many batches that were not taken

push:
  redundancy: 3  # answers per item, each from another annotator
  gold: 0.1  # gold items (known answer, measures annotators) per queried item, 0 to 1
  prelabels: false  # show annotators what the model thinks

vendor:
  name: {vendor}  # who is asked
  send: {send}  # the columns that annotators see; no other leaves the house
  pseudonyms: false  # true: the vendor never sees an item's id, only the task's key
  price: 0.02  # money per answer
  options: {vendor_options}  # of the vendor

collect:
  deadline_hours: null  # by the vendor's clock, since a batch was made; null: wait for all answers
  # After it: take what is there, and what comes late in a later round; withdraw what is missing;
  # resend it to the fallback; or wait on, and tell the vendor so.
  at_deadline: take
  remind_hours: null  # say that answers are late, every so many hours; null: never
  fallback: null  # who is asked then: {{name: …, price: …, options: {{…}}}}, shown the same columns
  poll_seconds: {poll_seconds}  # time between two looks of `run --wait`

review:
  aggregator: dawid_skene  # several answers to one label: dawid_skene or majority
  options: {{}}  # of the aggregator
  # Below this (0 to 1) an item has no label yet. By dawid_skene it is the probability that the
  # label is right, calibrated on gold items; by majority the share of answers that agree.
  min_confidence: 0.6
  low_confidence: another_answer  # such an item gets another_answer, or goes back_to_pool
  max_answers: 5  # per item; one that is not sure then has no label, unless it is held out

evaluate:
  # How many items of the holdout without a known class are asked for in a round, until all have
  # been; they are drawn at random. null: all in the first round.
  holdout_per_round: null
  resamples: 1000  # of the holdout, for the intervals (smoothed bootstrap)
  confidence: 0.95  # of the intervals, 0 to 1

# The campaign ends with the first rule that holds.
stop:
  max_rounds: {{rounds: 12}}  # rounds, the first included
  budget: {{}}  # the next batch would cost more than is left
{balance}
  target: {{metric: {metric}, at_least: {at_least}}}  # the interval's lower end is there
  plateau: {{metric: {metric}, rounds: 4, gain: 0.01}}  # surely no such gain in so many rounds
  pool_exhausted: {{}}  # nothing is left to ask for

tracking:
  uri: sqlite:///mlflow.db  # MLflow's server or database
  experiment: {name}  # the name of its runs there

# For campaigns that several machines run in turn (`labelloop init --remote s3://… --git …`).
storage:
  ledger: {ledger}  # s3://bucket/prefix; null: in the folder ledger/ of this machine
  endpoint: {endpoint}  # where S3 is spoken, if not at AWS
"""
