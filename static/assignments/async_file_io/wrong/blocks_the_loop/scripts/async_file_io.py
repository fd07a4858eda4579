"""Part 3, async file I/O: a thread waits for the file, and the event loop goes on.

    python scripts/async_file_io.py
"""

import asyncio
import csv
import tempfile
import time
from pathlib import Path

import aiofiles

ROWS_PER_TURN = 100
FILES = 5


async def read_file_async(path):
    """Returns the text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


async def write_file_async(path, text):
    """Writes a text to a file."""
    async with aiofiles.open(path, "w", encoding="utf-8") as file:
        await file.write(text)


async def read_multiple_files(paths):
    """Reads files concurrently. Returns for each its text or its exception, in order."""
    reads = [read_file_async(path) for path in paths]
    return await asyncio.gather(*reads, return_exceptions=True)


async def process_csv_async(path):
    """Returns id and score of each row. Lets other tasks run after every 100 rows."""
    text = await read_file_async(path)
    rows = []
    for count, row in enumerate(csv.DictReader(text.splitlines()), 1):
        rows.append((int(row["sample_id"]), float(row["score"])))
        if count % ROWS_PER_TURN == 0:
            await asyncio.sleep(0)
    return rows


async def save_predictions_async(path, predictions):
    """Writes ids and predictions as CSV."""
    lines = ["sample_id,prediction", *(f"{sample},{label}" for sample, label in predictions)]
    await write_file_async(path, "\n".join(lines) + "\n")


async def main(folder):
    paths = [folder / f"data_{number}.txt" for number in range(FILES)]
    for path in paths:
        await write_file_async(path, f"text of {path.name}\n" * 1000)

    start = time.perf_counter()
    for path in paths:
        await read_file_async(path)
    print(f"one after the other  {time.perf_counter() - start:.4f} s")

    start = time.perf_counter()
    results = await read_multiple_files([*paths, folder / "missing.txt"])
    print(f"concurrently         {time.perf_counter() - start:.4f} s")
    texts = [result for result in results if isinstance(result, str)]
    print(f"files                {len(texts)} of {len(results)} read")

    table = folder / "scores.csv"
    await write_file_async(table, "sample_id,score\n1,0.5\n2,0.75\n3,0.25\n")
    rows = await process_csv_async(table)
    predictions = [(sample, int(score >= 0.5)) for sample, score in rows]
    await save_predictions_async(folder / "predictions.csv", predictions)
    print(f"predictions          {predictions}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
