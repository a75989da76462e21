"""A simulated vendor whose annotators work: how tests of it send and look."""

import pandas as pd

from tasks import registry
from tasks.domain import tables
from tasks.domain.outgoing import BatchSpec, Task, VendorContext

CLASSES = tuple("0123456789")


def truth(number):
    return CLASSES[number % len(CLASSES)]


def opener(folder):
    """Give a function that opens an account; keywords are options, and what the vendor is told."""

    def opened(seed=3, classes=CLASSES, known=300, home=folder, campaign="c", **options):
        rows = [(f"item-{number}", truth(number)) for number in range(known)]
        frame = pd.DataFrame(rows, columns=["item_id", "label"])
        tables.write(folder / "truth.parquet", frame, tables.TRUTH)
        vendor = registry.build("vendors", "simulated", options)
        context = VendorContext(campaign, classes, 0.1, seed, home, folder / "truth.parquet")
        return vendor.connect(context)

    return opened


def tasks(numbers, copies=1, first_copy=1):
    return [Task(f"key-{n}", f"item-{n}", {"x": n}, copies, first_copy) for n in numbers]


def made(account, name="b", copies=1):
    return account.ensure_batch(BatchSpec(name, CLASSES, {"x": "value"}, copies, 300))


def drain(account, batch, hours=400):
    records, cursor = [], None
    while cursor is None or cursor["hours"] < hours:
        page = account.fetch(batch, cursor)
        records += page.records
        cursor = page.cursor
    return records


def answered(account, some, name="b"):
    batch = made(account, name)
    account.submit(batch, some)
    return drain(account, batch)


def genuine(records):
    return [record for record in records if record["answer_id"].startswith("answer-")]


def by_key(records):
    return {record["task_key"]: record for record in records}
