"""Times scikit-learn's `predict` on the digits, to compare it with a worker.

    python tools/predict.py

Prints one line of JSON: images per second of the classifier `mlp-64`, all 360 at once
and one by one. It takes a quarter of a minute, most of which is training.
"""

import json
import platform
import time
from statistics import median

import sklearn
from train_digits import scale, split_digits, train_all

MODEL = "mlp-64"
# The number of calls with all images. There is one call with each single image.
CALLS = 1_000


def images_per_s(predict, batches):
    """Returns the images per second of the median call."""
    rates = []
    for batch in batches:
        start = time.perf_counter()
        predict(batch)
        rates.append(len(batch) / (time.perf_counter() - start))
    return median(rates)


def main():
    train_images, images, train_labels, _ = split_digits()
    model, _ = train_all(scale(train_images), train_labels)[MODEL]
    images = scale(images)
    single = [images[index : index + 1] for index in range(len(images))]
    result = {
        "python": platform.python_version(),
        "sklearn": sklearn.__version__,
        "digits_per_s": images_per_s(model.predict, [images] * CALLS),
        "single_digits_per_s": images_per_s(model.predict, single),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
