"""Part 3, async file I/O: a thread waits for the file, and the event loop goes on.

Files are read together with some that are missing: one after the other, all at once
and up to a limit, with times that tell whether that helped. A CSV with mistakes is
processed in slices, so that nothing else has to stand still. At the end, predictions
for hand-written digits are saved: all of them, or none.

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
SLICE = 200  # rows of a CSV until others have their turn
ROUNDS = 7
SHOWN = 6  # lines of a list
BEAT = 0.005  # in seconds

# What can be wrong with a row, by the row's number.
BAD_ROWS = {
    3: "3,no score",
    5: "5,a comma, but no quotes,0.5",
    7: '7,"quotes" in the middle,0.5',
    9: "9,a score in words,half",
}


class FileFailure(Exception):
    """What is wrong with a file, in one line with its name."""


@contextlib.contextmanager
def naming(path):
    """Turns what can go wrong with a file into a `FileFailure`."""
    try:
        yield
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FileFailure(f"{path.name!r}: line {line} is not UTF-8") from error
    except OSError as error:
        raise FileFailure(f"{path.name!r}: {error.strerror}") from error


async def write_file_async(path, text):
    """Writes a text as it is."""
    with naming(path):
        # To open, to write and to close: a thread does each of them while we wait.
        async with aiofiles.open(path, "w", encoding="utf-8", newline="") as file:
            await file.write(text)


async def read_file_async(path):
    """Returns a text as it is, but for the mark that spreadsheets put before it."""
    with naming(path):
        async with aiofiles.open(path, encoding="utf-8-sig", newline="") as file:
            return await file.read()


async def read_multiple_files(paths, limit=None):
    """Reads all at once or up to a limit: in order, a text or a failure for each."""
    permits = asyncio.Semaphore(limit) if limit else contextlib.nullcontext()

    async def read_with_permit(path):
        async with permits:
            return await read_file_async(path)

    tasks = [read_with_permit(path) for path in paths]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if not isinstance(result, str | FileFailure):
            raise result  # a mistake in this script, and no file's
    return results


class Table(NamedTuple):
    """What a CSV holds, and the reason for each row that is left out."""

    header: list
    rows: list
    bad_rows: list


async def process_csv_async(path, convert=list, slice_rows=SLICE):
    """Converts the rows of a CSV, and lets others run after every slice of them."""
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
    """Yields the line where a row begins, and its fields, or why it has none."""
    # A line is not always a row: between quotes, there can be line breaks.
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
        if row != []:  # as an empty line is
            yield line, row


async def save_predictions_async(path, predictions):
    """Saves all or nothing: readers get the old file or the new one."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["sample_id", "prediction", "label"])
    writer.writerows(predictions)
    # In the same folder: between disks, a file cannot be replaced at one stroke.
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
            temporary.unlink()  # it is not there any more if all went well


async def read_one_by_one(paths, read):
    """Reads one after the other: in order, a text or a failure for each."""
    results = []
    for path in paths:
        try:
            results.append(await read(path))
        except FileFailure as failure:
            results.append(failure)
    return results


async def read_blocking(path):
    """Reads without aiofiles: nothing else can run meanwhile."""
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
    """Returns how many files could be read."""
    return sum(isinstance(result, str) for result in results)


async def compare_ways(paths, limit):
    """Reads the files in several ways, and tells whether concurrency helped."""
    ways = {
        "one after the other": lambda: timed(read_one_by_one(paths, read_file_async)),
        "all at once": lambda: timed(read_multiple_files(paths)),
        f"up to {limit} at once": lambda: timed(read_multiple_files(paths, limit)),
        "without aiofiles": lambda: timed(read_one_by_one(paths, read_blocking)),
    }
    results, times = await in_turns(ways)
    print(f"time to read        median of {ROUNDS} rounds, least to most")
    print_numbers(times)
    counts = list(map(count_texts, results))
    if len(set(counts)) > 1:
        print(f"No comparison: they read {counts} files, as too many were open.")
        return
    one_by_one, at_once, _, blocking = times.values()
    ratio, wins = compare(one_by_one, at_once)
    # To be faster in some of the rounds may be luck.
    says = {ROUNDS: "helped", 0: "cost time"}.get(wins, "made no clear difference")
    print(f"Concurrency {says}: all at once was {ratio:.2f} times as fast as one after")
    print(f"the other, and faster in {wins} of {ROUNDS} rounds.")
    ratio, wins = compare(at_once, blocking)
    if wins == ROUNDS:
        print(
            f"But without aiofiles it was {ratio:.2f} times as fast as that: it takes"
        )
        print("longer to hand the work to a thread than to read what is in memory.")


def compare(before, after):
    """Returns how many times as fast it got, and in how many rounds it got faster."""
    ratio = statistics.median(before) / statistics.median(after)
    return ratio, sum(slow > quick for slow, quick in zip(before, after))


async def in_turns(ways):
    """Goes each way once a round: of each, the last result, and all numbers by name."""
    results, numbers = {}, {name: [] for name in ways}
    # In turns, as a machine that slows down then does so for all of them.
    for _ in range(ROUNDS):
        for name, way in ways.items():
            results[name], number = await way()
            numbers[name].append(number)
    return list(results.values()), numbers


def print_numbers(numbers, what=""):
    """Prints what was measured for each way: the median, the least and the most."""
    for name, values in numbers.items():
        least, *_, most = [value * 1000 for value in sorted(values)]
        median = statistics.median(values) * 1000
        print(f"{name:20}{what}{median:.2f} ms, {least:.2f} to {most:.2f}")


def csv_text(count):
    """Returns a CSV as spreadsheets write it, with a mark before it and CRLF."""
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
    """Processes a CSV in slices and at one go, and prints how long others must wait."""
    path, convert = options.csv, list
    if not path:
        path, convert = folder / "samples.csv", sample
        await write_file_async(path, csv_text(options.rows))
    whole = sys.maxsize
    ways = {
        "in slices": lambda: with_heartbeat(process_csv_async, path, convert, SLICE),
        "at one go": lambda: with_heartbeat(process_csv_async, path, convert, whole),
    }
    (table, _), lags = await in_turns(ways)
    print(f"CSV                 {len(table.rows):,} rows, {len(table.bad_rows):,} bad")
    print_some(table.rows, 2)
    print_some(table.bad_rows)
    print_numbers(lags, "longest lag of the loop ")


async def show_predictions(folder):
    """Predicts digits and saves that."""
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
    print(f"predictions         {len(predictions)} saved, {right} of them right")
    print_some((await read_file_async(path)).splitlines(), 3)


async def load_digits():
    """Returns a label and pixels of each digit."""
    if DIGITS.exists():
        return (await process_csv_async(DIGITS, lambda row: [*map(int, row)])).rows
    # Made-up ones, for those who have only this script.
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
    """Returns the label whose average pixels are the nearest."""
    return min(centroids, key=lambda label: math.dist(centroids[label], pixels))


async def timed(coroutine):
    """Returns what the coroutine returned, and how many seconds it took."""
    start = time.perf_counter()
    result = await coroutine
    return result, time.perf_counter() - start


async def heartbeat(lags):
    """Notes how late each beat comes, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


async def with_heartbeat(work, *arguments):
    """Returns what the work returned, and the event loop's longest lag meanwhile."""
    lags = []
    heart = asyncio.create_task(heartbeat(lags))
    await asyncio.sleep(BEAT * 2)  # let it beat once
    result = await work(*arguments)
    await asyncio.sleep(BEAT * 2)  # and once more, to notice a late beat
    heart.cancel()
    return result, max(lags)


def print_some(lines, count=SHOWN):
    """Prints the first of some lines, none of which may play with our terminal."""
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
    """Yields a temporary folder, or a subfolder of the one named, which stays."""
    if not name:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    else:
        folder = Path(name, "async_file_io")
        with naming(folder):
            folder.mkdir(exist_ok=True)
        yield folder


# Name, default, least, most, and what it says.
NUMBERS = (
    ("files", 5, 1, 10_000, "how many to write"),
    ("size", 400, LINES, 10**9, "bytes of each, in ten lines"),
    ("missing", 1, 0, 10_000, "how many to read that are not there"),
    ("rows", 20_000, 1, 10**7, "of the CSV"),
    ("limit", 2, 1, 10_000, "files at once"),
)


def parse_options():
    """Reads the command line, and exits with a message if an option is wrong."""
    about = "Async file I/O, part 3 of the guide."
    parser = argparse.ArgumentParser(description=about, usage="%(prog)s [options]")
    for name, default, _, _, says in NUMBERS:
        parser.add_argument(f"--{name}", type=int, default=default, help=says)
    parser.add_argument("--folder", help="a folder here, to keep files in a part of it")
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
    sys.stdout.reconfigure(errors="backslashreplace")  # not all can show every letter
    try:
        options = parse_options()
        # Around the event loop, whose threads may still be at a file when it ends.
        with open_folder(options.folder) as folder:
            asyncio.run(main(folder, options))
    except (FileFailure, OSError) as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit("stopped")
