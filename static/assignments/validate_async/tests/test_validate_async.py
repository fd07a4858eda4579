"""Part 8: your validations pass for right code, and find the bugs of the versions in `planted_bugs.py`."""

import asyncio
import inspect

import pytest
from planted_bugs import BUGS, RAISES
from scripts import jobs, validate_async


def place_of(name):
    function = getattr(validate_async, name)
    return f"scripts/validate_async.py:{function.__code__.co_firstlineno}"


def results_for(code):
    """The results of `validate_async`. They have the right names, and are true or false."""
    results = asyncio.run(validate_async.validate_async(code))
    place = place_of("validate_async")
    assert list(results) == list(BUGS), f"{place}: the names in the dict are {', '.join(results)}"
    for name, result in results.items():
        if inspect.iscoroutine(result):
            result.close()
            raise AssertionError(
                f"{place}: the result of `{name}` is a coroutine, which is always true: nothing has awaited it"
            )
        assert isinstance(result, bool), f"{place}: the result of `{name}` is {result!r}. Expected: `True` or `False`"
    return results


def test_right_code_passes():
    for name, passed in results_for(jobs).items():
        assert passed, f"{place_of(f'validate_{name}')}: `validate_{name}` fails for right code"


@pytest.mark.parametrize("name", BUGS)
def test_each_bug_is_found(name):
    bug, code = BUGS[name]
    assert not results_for(code)[name], (
        f"{place_of(f'validate_{name}')}: {bug}, but `validate_{name}` does not notice it"
    )


def test_an_error_is_a_failed_validation():
    try:
        results = results_for(RAISES)
    except ValueError as error:
        raise AssertionError(
            f"{place_of('validate_async')}: one of the validations raises {error!r}, and the other validations do not run"
        ) from None
    assert not results["error_handling"], (
        f"{place_of('validate_error_handling')}: `run_all` raises the error of one job, but the validation passes"
    )


def test_prints_a_line_for_each(capsys):
    results_for(jobs)
    printed = capsys.readouterr().out
    for name in BUGS:
        assert name in printed, f"{place_of('validate_async')}: nothing is printed for `{name}`"
