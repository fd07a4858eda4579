"""Part 3: what your functions return, which files they leave open, and what runs meanwhile."""

import asyncio

import pytest
from disks import DELAY, SlowDisk, TextInMemory, replace_open
from scripts import async_file_io


@pytest.fixture
def disk(monkeypatch):
    return SlowDisk(monkeypatch)


@pytest.fixture
def paths(tmp_path):
    """Three files, of which the second one is missing."""
    (tmp_path / "a.txt").write_text("text of a", encoding="utf-8")
    (tmp_path / "c.txt").write_text("text of c", encoding="utf-8")
    return [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]


def line_of(function):
    code = function.__code__
    return f"scripts/async_file_io.py:{code.co_firstlineno}"


# Results


def test_reads_a_text(paths):
    paths[0].write_text("größer\nals b", encoding="utf-8")
    assert asyncio.run(async_file_io.read_file_async(paths[0])) == "größer\nals b"


def test_writes_a_text(tmp_path):
    path = tmp_path / "new.txt"
    assert asyncio.run(async_file_io.write_file_async(path, "größer")) is None
    text = path.read_text(encoding="utf-8")
    line = line_of(async_file_io.write_file_async)
    assert text, f"{line}: the file is empty after `write_file_async`: its text was not written. Was `write` awaited?"
    assert text == "größer"


def test_reads_a_csv(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("sample_id,score\n1,0.5\n2,0.75\n")
    assert asyncio.run(async_file_io.process_csv_async(path)) == [(1, 0.5), (2, 0.75)]


def test_a_bad_score_is_an_error(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("sample_id,score\n1,0.5\n2,high\n")
    with pytest.raises(ValueError):
        asyncio.run(async_file_io.process_csv_async(path))


def test_saves_predictions(tmp_path):
    path = tmp_path / "predictions.csv"
    asyncio.run(async_file_io.save_predictions_async(path, [(1, 7), (2, 3)]))
    assert path.read_text().splitlines() == ["sample_id,prediction", "1,7", "2,3"]


# Concurrency


def test_a_missing_file_takes_nothing_from_the_others(paths):
    line = line_of(async_file_io.read_multiple_files)
    try:
        results = asyncio.run(async_file_io.read_multiple_files(paths))
    except FileNotFoundError:
        raise AssertionError(
            f"{line}: one missing file is enough, and `read_multiple_files` raises its error: all texts are lost"
        ) from None
    assert len(results) == 3, (
        f"{line}: `read_multiple_files` returns {len(results)} results for 3 paths. "
        "Expected: one result for each path, also for the missing file"
    )
    assert (results[0], results[2]) == ("text of a", "text of c")
    assert isinstance(results[1], FileNotFoundError), f"{line}: in the place of the missing file is {results[1]!r}"


def test_files_are_read_concurrently(disk, paths):
    asyncio.run(async_file_io.read_multiple_files([paths[0]] * 10))
    line = line_of(async_file_io.read_multiple_files)
    # It is 0 if none was opened by `aiofiles`, which another test notices.
    assert disk.peak != 1, (
        f"{line}: ten files are read in turn: each is opened only after the one before it was closed"
    )


def test_the_event_loop_is_not_blocked(disk, tmp_path):
    csv, path = tmp_path / "scores.csv", tmp_path / "a.txt"
    csv.write_text("sample_id,score\n1,0.5\n")
    for function, *arguments in (
        (async_file_io.write_file_async, path, "text"),
        (async_file_io.read_file_async, path),
        (async_file_io.process_csv_async, csv),
        (async_file_io.save_predictions_async, path, [(1, 7)]),
    ):
        disk.files.clear()
        asyncio.run(function(*arguments))
        assert disk.files, (
            f"{line_of(function)}: `{function.__name__}` uses a file without `aiofiles`: "
            "no other task can run until the disk answers"
        )


def test_other_tasks_run_while_rows_are_processed(monkeypatch, tmp_path):
    path, count = tmp_path / "scores.csv", 5 * async_file_io.ROWS_PER_TURN
    text = "sample_id,score\n" + "0,0.5\n" * count
    path.write_text(text)
    # Its text is there at once, so that only the rows take time.
    replace_open(monkeypatch, lambda *args, **kwargs: TextInMemory(text))

    async def turns_meanwhile():
        rows, turns = asyncio.create_task(async_file_io.process_csv_async(path)), 0
        while not rows.done():
            turns += 1
            await asyncio.sleep(0)
        assert len(await rows) == count
        return turns

    line = line_of(async_file_io.process_csv_async)
    assert asyncio.run(turns_meanwhile()) >= 5, (
        f"{line}: no other task ran while {count} rows were processed, only before and after"
    )


# Files are closed


def test_files_are_closed_on_return(disk, tmp_path):
    path = tmp_path / "scores.csv"
    asyncio.run(async_file_io.write_file_async(path, "sample_id,score\n1,0.5\n"))
    asyncio.run(async_file_io.read_file_async(path))
    asyncio.run(async_file_io.process_csv_async(path))
    asyncio.run(async_file_io.save_predictions_async(path, [(1, 7)]))
    disk.check_closed("the return")


def test_files_are_closed_after_an_error(disk, tmp_path):
    (tmp_path / "not_text").write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        asyncio.run(async_file_io.read_file_async(tmp_path / "not_text"))
    disk.check_closed("the error")


def test_files_are_closed_after_a_cancellation(disk, tmp_path):
    path = tmp_path / "a.txt"

    async def cancel_when_open(coroutine):
        disk.files.clear()
        task = asyncio.create_task(coroutine)
        while not disk.files and not task.done():
            await asyncio.sleep(DELAY / 10)
        task.cancel()
        await asyncio.wait([task])
        disk.check_closed("the cancellation")

    asyncio.run(cancel_when_open(async_file_io.write_file_async(path, "text")))
    asyncio.run(cancel_when_open(async_file_io.read_file_async(path)))
