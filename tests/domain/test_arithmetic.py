"""Sums are made alike whatever the environment says, and who comes too late is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.domain import arithmetic

HAS_AVX2 = " avx2 " in Path("/proc/cpuinfo").read_text()
SAID = """
import json
import tasks
from tasks.domain import arithmetic
print(json.dumps(arithmetic.in_force()))
"""


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in PINNED}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
    )


PINNED = {*arithmetic.THREADS, *arithmetic.KERNELS}


def test_the_environment_changes_nothing() -> None:
    changed = dict.fromkeys(arithmetic.THREADS, "2")
    kernels = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3"}
    found = [python(SAID, **environment) for environment in ({}, {**changed, **kernels})]
    assert [one.stderr for one in found] == ["", ""]
    assert found[0].stdout == found[1].stdout
    assert json.loads(found[0].stdout)["threads"] == 1


@pytest.mark.skipif(not HAS_AVX2, reason="the processor leaves no choice")
def test_kernels_are_those_of_avx2() -> None:
    said = json.loads(python(SAID).stdout)
    assert said["simd"] == ["X86_V3"]
    assert {name.split()[-1] for name in said["blas"]} == {"Haswell"}


@pytest.mark.skipif(not HAS_AVX2, reason="the processor leaves no choice")
def test_numpy_before_labelloop_is_warned_of() -> None:
    late = python("import numpy\n" + SAID, OPENBLAS_CORETYPE="Nehalem", OPENBLAS_NUM_THREADS="2")
    assert late.stderr.count("RuntimeWarning: numpy was imported before labelloop") == 1
    assert "Nehalem" in late.stderr
    said = json.loads(late.stdout)
    assert said["threads"] == 1
    assert any(name.endswith("Nehalem") for name in said["blas"])
    fitting = {"OPENBLAS_CORETYPE": "Haswell", **arithmetic.AVX2}
    assert python("import numpy\n" + SAID, **fitting).stderr == ""
