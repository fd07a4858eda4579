"""Part 3, async file I/O: a thread waits for the file, and the event loop goes on.

Files are read together with some that are missing: one after the other, all at once
and up to a limit, and the times show if concurrency helped. A CSV with bad rows is
processed in slices, so that other tasks can run in between. At the end, predictions for
hand-written digits are saved in one file that is replaced as a whole.

    pip install aiofiles
    python async_file_io.py                    in a temporary folder
    python async_file_io.py --size 10000000    files that take a while to read
    python async_file_io.py --csv table.csv    processes a table of your own
"""

import argparse
import asyncio
import contextlib
import csv
import io
import math
import random
import re
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import aiofiles
import aiofiles.os

DIGITS = Path(__file__).resolve().parent.parent / "data" / "digits.csv"
PREDICTIONS = 100
LINES = 10  # in each file
SLICE = 200  # rows of a CSV before other tasks can run
ROUNDS = 7
SHOWN = 6  # maximum lines of a list
BEAT = 0.005  # in seconds
TICK = 0.001  # in seconds: some browsers' clocks have no shorter steps

# Examples of bad rows, by row number.
BAD_ROWS = {
    3: "3,no score",
    5: "5,a comma, but no quotes,0.5",
    7: '7,"quotes" in the middle,0.5',
    9: "9,a score in words,half",
}


class FileFailure(Exception):
    """An error of one file, in one line that names it."""


@contextlib.contextmanager
def naming(path):
    """Converts the errors of a file into a `FileFailure`."""
    try:
        yield
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FileFailure(f"{path.name!r}: line {line} is not UTF-8") from error
    except OSError as error:
        raise FileFailure(f"{path.name!r}: {error.strerror}") from error


async def write_file_async(path, text):
    """Writes a text without changing its line breaks."""
    with naming(path):
        # A thread opens, writes and closes the file while we wait.
        async with aiofiles.open(path, "w", encoding="utf-8", newline="") as file:
            await file.write(text)


async def read_file_async(path):
    """Returns a text, without the byte order mark that spreadsheets put before it."""
    with naming(path):
        async with aiofiles.open(path, encoding="utf-8-sig", newline="") as file:
            return await file.read()


async def read_multiple_files(paths, limit=None):
    """Reads concurrently. Returns a text or a failure for each, in order."""
    permits = asyncio.Semaphore(limit) if limit else contextlib.nullcontext()

    async def read_with_permit(path):
        async with permits:
            return await read_file_async(path)

    tasks = [read_with_permit(path) for path in paths]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if not isinstance(result, str | FileFailure):
            raise result  # a mistake in this script, not an error of a file
    return results


class Table(NamedTuple):
    """The rows of a CSV, and the errors of the bad ones."""

    header: list
    rows: list
    bad_rows: list


async def process_csv_async(path, convert=list, slice_rows=SLICE):
    """Converts the rows of a CSV, and lets other tasks run after every slice of rows."""
    rows = numbered_rows(await read_file_async(path))
    _, header = next(rows, (1, "it is empty"))
    if not isinstance(header, list):
        raise FileFailure(f"{path.name!r}: {header}")

    table = Table(header, [], [])
    for count, (line, row) in enumerate(rows, 1):
        try:
            if isinstance(row, csv.Error):
                raise row
            if len(row) != len(header):
                raise ValueError(f"{len(row)} fields, but {len(header)} in the header")
            table.rows.append(convert(row))
        except (csv.Error, ValueError) as error:
            table.bad_rows.append(f"line {line}: {error}")
        if count % slice_rows == 0:
            await asyncio.sleep(0)
    if not table.rows and not table.bad_rows:
        raise FileFailure(f"{path.name!r}: it has a header and no rows")
    return table


def numbered_rows(text):
    """Yields the first line of each row, and its fields or its error."""
    # A row can have several lines: there can be line breaks between quotes.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
            if str(error) == "unexpected end of data":
                lines = reader.line_num - line + 1
                row = csv.Error(f"quotes are not closed, so {lines} lines are lost")
        if row != []:  # an empty line
            yield line, row


async def save_predictions_async(path, predictions):
    """Saves all or nothing: readers see the old file or the new one."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["sample_id", "prediction", "label"])
    writer.writerows(predictions)
    # In the same folder, because a file cannot be replaced in one step between disks.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    writing = asyncio.create_task(write_file_async(temporary, text.getvalue()))
    try:
        await asyncio.shield(writing)
        with naming(path):
            await aiofiles.os.replace(temporary, path)
    finally:
        # When cancelled, wait for the thread: it could create the file later.
        await asyncio.wait([writing])
        with contextlib.suppress(OSError):
            temporary.unlink()  # it is gone already if all went well


async def read_one_by_one(paths, read):
    """Reads one after the other. Returns a text or a failure for each, in order."""
    results = []
    for path in paths:
        try:
            results.append(await read(path))
        except FileFailure as failure:
            results.append(failure)
    return results


async def read_blocking(path):
    """Reads without aiofiles, which blocks the event loop."""
    with naming(path), open(path, encoding="utf-8-sig", newline="") as file:
        return file.read()


async def show_files(folder, options):
    """Writes files, and reads them together with some that are missing."""
    paths = [folder / f"data_{n + 1}.txt" for n in range(options.files)]
    for path in paths:
        length = options.size // LINES - 1
        line = f"{path.name} ".ljust(length, ".")[:length] + "\n"
        await write_file_async(path, line * LINES)
    for n in range(options.missing):
        paths.insert(2 * n + 1, folder / f"missing_{n + 1}.txt")

    results = await read_multiple_files(paths)
    print(f"files               {count_texts(results)} of {len(paths)} read")
    print_some(
        f"{path.name!r}: {len(result):,} bytes" if isinstance(result, str) else result
        for path, result in zip(paths, results)
    )
    await compare_ways(paths, options.limit)


def count_texts(results):
    """Returns the number of files that could be read."""
    return sum(isinstance(result, str) for result in results)


async def compare_ways(paths, limit):
    """Times several ways of reading, and prints if concurrency was faster."""
    ways = {
        "one after the other": lambda: timed(read_one_by_one(paths, read_file_async)),
        "all at once": lambda: timed(read_multiple_files(paths)),
        f"up to {limit} at once": lambda: timed(read_multiple_files(paths, limit)),
        "without aiofiles": lambda: timed(read_one_by_one(paths, read_blocking)),
    }
    results, times = await in_turns(ways)
    print(f"time to read        median of {ROUNDS} rounds, minimum to maximum")
    print_numbers(times)
    counts = list(map(count_texts, results))
    if len(set(counts)) > 1:
        print(f"No comparison: {counts} files were read, because too many were open.")
        return
    one_by_one, at_once, _, blocking = times.values()
    ratio, wins = compare(one_by_one, at_once)
    # To be faster in only some of the rounds may be luck.
    effect = {ROUNDS: "helped", 0: "cost time"}.get(wins, "made no clear difference")
    print(f"Concurrency {effect}: all at once was {ratio:.2f} times as fast as one after")
    print(f"the other, and faster in {wins} of {ROUNDS} rounds.")
    ratio, wins = compare(at_once, blocking)
    if wins == ROUNDS:
        print(
            f"But without aiofiles it was {ratio:.2f} times as fast as that: giving the"
        )
        print("work to a thread takes longer than reading a file that is in memory.")


def compare(before, after):
    """Returns the speed-up, and the number of rounds that were faster."""
    # In less than a step of the clock, no time passes.
    before_s, after_s = (statistics.median(times) or TICK for times in (before, after))
    ratio = before_s / after_s
    return ratio, sum(slow > quick for slow, quick in zip(before, after))


async def in_turns(ways):
    """Tries each way once a round. Returns the last result and all numbers of each."""
    results, numbers = {}, {name: [] for name in ways}
    # In turns, so that a slow moment of the machine affects all of them.
    for _ in range(ROUNDS):
        for name, way in ways.items():
            results[name], number = await way()
            numbers[name].append(number)
    return list(results.values()), numbers


def print_numbers(numbers, what=""):
    """Prints the median, the minimum and the maximum of each way."""
    for name, values in numbers.items():
        least, *_, most = [value * 1000 for value in sorted(values)]
        median = statistics.median(values) * 1000
        print(f"{name:20}{what}{median:.2f} ms, {least:.2f} to {most:.2f}")


def csv_text(count):
    """Returns a CSV as spreadsheets write it, with a byte order mark and CRLF."""
    rows = ["\ufeffsample_id,text,score"]
    for n in range(1, count + 1):
        good = f'{n},"two lines\r\nof ""text""",{n / count:.4f}'
        rows.append(BAD_ROWS.get(n, good))
    return "\r\n".join(rows) + "\r\n"


def sample(row):
    """Converts a row of our own CSV."""
    sample_id, text, score = row
    return int(sample_id), text, float(score)


async def show_csv(folder, options):
    """Processes a CSV in slices and in one go, and prints the longest lags."""
    path, convert = options.csv, list
    if not path:
        path, convert = folder / "samples.csv", sample
        await write_file_async(path, csv_text(options.rows))
    whole = sys.maxsize
    ways = {
        "in slices": lambda: with_heartbeat(process_csv_async, path, convert, SLICE),
        "in one go": lambda: with_heartbeat(process_csv_async, path, convert, whole),
    }
    (table, _), lags = await in_turns(ways)
    print(f"CSV                 {len(table.rows):,} rows, {len(table.bad_rows):,} bad")
    print_some(table.rows, 2)
    print_some(table.bad_rows)
    print_numbers(lags, "longest lag of the loop ")


async def show_predictions(folder):
    """Predicts digits and saves the predictions."""
    digits = await load_digits()
    half = math.ceil(len(digits) / 2)
    centroids = train_centroids(digits[:half])
    predictions = [
        (sample_id, predict(centroids, pixels), label)
        for sample_id, (label, *pixels) in enumerate(digits[half:][:PREDICTIONS])
    ]
    path = folder / "predictions.csv"
    await save_predictions_async(path, predictions)
    right = sum(prediction == label for _, prediction, label in predictions)
    print(f"predictions         {len(predictions)} saved, {right} of them correct")
    print_some((await read_file_async(path)).splitlines(), 3)


async def load_digits():
    """Returns the label and the pixels of each digit."""
    if DIGITS.exists():
        return (await process_csv_async(DIGITS, lambda row: [*map(int, row)])).rows
    # Made-up digits, if there is only this script.
    draw = random.Random(7)
    centers = [[draw.uniform(0, 16) for _ in range(64)] for _ in range(10)]
    labels = [draw.randrange(10) for _ in range(360)]
    return [[n, *(draw.gauss(pixel, 10) for pixel in centers[n])] for n in labels]


def train_centroids(digits):
    """Returns the average pixels of each label."""
    images = {}
    for label, *pixels in digits:
        images.setdefault(label, []).append(pixels)
    return {
        label: [statistics.fmean(values) for values in zip(*images[label])]
        for label in images
    }


def predict(centroids, pixels):
    """Returns the label with the nearest average pixels."""
    return min(centroids, key=lambda label: math.dist(centroids[label], pixels))


async def timed(coroutine):
    """Returns the coroutine's result and the seconds it took."""
    start = time.perf_counter()
    result = await coroutine
    return result, time.perf_counter() - start


async def heartbeat(lags):
    """Records the delay of each beat, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


async def with_heartbeat(work, *arguments):
    """Returns the result of the work, and the event loop's longest lag meanwhile."""
    lags = []
    heart = asyncio.create_task(heartbeat(lags))
    await asyncio.sleep(BEAT * 2)  # let it beat once
    result = await work(*arguments)
    await asyncio.sleep(BEAT * 2)  # and once more, to notice a late beat
    heart.cancel()
    return result, max(lags)


def print_some(lines, count=SHOWN):
    """Prints the first lines of a list, without control characters."""
    lines = list(lines)
    for line in lines[:count]:
        line = "".join(char if char.isprintable() else " " for char in str(line)[:80])
        print(f"  {line}")
    if len(lines) > count:
        print(f"  and {len(lines) - count:,} more")


async def main(folder, options):
    await show_files(folder, options)
    await show_csv(folder, options)
    await show_predictions(folder)


@contextlib.contextmanager
def open_folder(name):
    """Yields a temporary folder, or a subfolder of the named one, which stays."""
    if not name:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    else:
        folder = Path(name, "async_file_io")
        with naming(folder):
            folder.mkdir(exist_ok=True)
        yield folder


# Name, default, minimum, maximum and help.
NUMBERS = (
    ("files", 5, 1, 10_000, "number of files to write"),
    ("size", 400, LINES, 10**9, "bytes of each file, in ten lines"),
    ("missing", 1, 0, 10_000, "number of missing files to read"),
    ("rows", 20_000, 1, 10**7, "rows of the CSV"),
    ("limit", 2, 1, 10_000, "files read at once"),
)


def parse_options():
    """Reads the command line, and exits with a message if an option is wrong."""
    about = "Async file I/O, part 3 of the guide."
    parser = argparse.ArgumentParser(description=about, usage="%(prog)s [options]")
    for name, default, _, _, text in NUMBERS:
        parser.add_argument(f"--{name}", type=int, default=default, help=text)
    parser.add_argument("--folder", help="a folder here; the files stay in a subfolder of it")
    parser.add_argument("--csv", type=Path, help="a CSV to process instead of our own")
    options = parser.parse_args()

    for name, _, least, most, _ in NUMBERS:
        if not least <= getattr(options, name) <= most:
            parser.error(f"--{name} must be from {least} to {most}")
    if options.folder is not None:
        if not re.fullmatch(r"[\w -]+", options.folder):
            parser.error("--folder must be a name, without slashes and dots")
        if not Path(options.folder).is_dir():
            parser.error(f"there is no folder {options.folder!r} here")
    # Reading from a pipe, for example, may wait forever.
    if options.csv and options.csv.exists() and not options.csv.is_file():
        parser.error("--csv must be a file")
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # some terminals cannot show every character
    try:
        options = parse_options()
        # Around the event loop: its threads may still use a file when it ends.
        with open_folder(options.folder) as folder:
            asyncio.run(main(folder, options))
    except (FileFailure, OSError) as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit("stopped")
