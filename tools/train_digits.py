"""Trains the four classifiers that Interleave serves, and writes images to test them.

    python tools/train_digits.py            writes the files below again
    python tools/train_digits.py --check    trains, and fails if a file would differ

`static/models/<name>.safetensors` has the weights, `static/data/digits.csv` the 360
images that were not used for training, and `inference/tests/expected.json` the results
of scikit-learn for them. All are the same, byte by byte, on every x86-64 machine with
the versions in `requirements.txt`, which `tools/setup data` installs.
"""

import os

# Another number of threads, another routine of OpenBLAS or another vector width of
# NumPy changes the last bits of a sum, and so the trained weights. All three are fixed
# to values that every x86-64 machine since 2013 supports. NumPy reads them when it is
# imported, so this comes first.
os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    OPENBLAS_CORETYPE="Haswell",
    NPY_DISABLE_CPU_FEATURES="AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
    "AVX512_ICL AVX512_SPR",
)

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from safetensors.numpy import save
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

ROOT = Path(__file__).resolve().parent.parent
SEED = 6
HOLD_OUT = 360
BRIGHTEST = 16
EXPECTED_IMAGES = 8
NEGLIGIBLE = 1e-9
HIDDEN_LAYERS = {"mlp-16": (16,), "mlp-64": (64,), "mlp-64-32": (64, 32)}
ATTRIBUTION = (
    "trained on Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, "
    "1998, UCI Machine Learning Repository, doi 10.24432/C50P49"
)


def split_digits():
    """Returns images [n, 64] of integers 0..16 and labels, for training and test."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(
        images.astype(int),
        labels,
        test_size=HOLD_OUT,
        stratify=labels,
        random_state=SEED,
    )


def scale(images):
    """Scales pixels to the range 0..1, which every classifier expects."""
    return images / BRIGHTEST


def train_all(images, labels):
    """Returns each fitted classifier with its one-line description, by name."""
    models = {
        "logistic-regression": (
            LogisticRegression(max_iter=1000).fit(images, labels),
            "logistic regression of 64 pixels onto 10 digits",
        )
    }
    for name, hidden in HIDDEN_LAYERS.items():
        model = MLPClassifier(
            hidden,
            activation="relu",
            alpha=0.01,
            learning_rate_init=0.003,
            max_iter=1000,
            random_state=SEED,
        )
        widths = " then ".join(str(width) for width in hidden)
        description = f"multilayer perceptron, {widths} hidden units (relu)"
        models[name] = (model.fit(images, labels), description)
    return models


def layers_of(model):
    """Returns each layer's weight [out, in] and bias [out], in float64."""
    if isinstance(model, LogisticRegression):
        return [(model.coef_, model.intercept_)]
    return [(coefs.T, biases) for coefs, biases in zip(model.coefs_, model.intercepts_)]


def logits_of(model, images):
    """Returns the outputs of the last layer before softmax [n, 10], in float64.

    For the logistic regression this is `decision_function`. The perceptrons of
    scikit-learn return only probabilities, so their logits are computed from `coefs_`
    and `intercepts_`.
    """
    if isinstance(model, LogisticRegression):
        return model.decision_function(images)
    *hidden, (last_weight, last_bias) = layers_of(model)
    for weight, bias in hidden:
        images = np.maximum(images @ weight.T + bias, 0)
    return images @ last_weight.T + last_bias


def model_file(name, model, description):
    """Returns the bytes of a safetensors file in float32."""
    tensors = {}
    for index, (weight, bias) in enumerate(layers_of(model)):
        tensors[f"layers.{index}.weight"] = to_float32(weight)
        tensors[f"layers.{index}.bias"] = to_float32(bias)
    metadata = {
        "name": name,
        "description": description,
        "dataset": f"digits of scikit-learn, {HOLD_OUT} images held out",
        "attribution": ATTRIBUTION,
        "data_license": "CC BY 4.0",
    }
    return with_sorted_header(save(tensors, metadata))


def to_float32(values):
    """Rounds to float32, and rounds tiny weights to zero.

    A weight of 1e-40 does not change a logit, but processors take a hundred cycles to
    multiply by such a small number.
    """
    rounded = np.where(np.abs(values) < NEGLIGIBLE, 0, values)
    return np.ascontiguousarray(rounded, dtype=np.float32)


def with_sorted_header(file):
    """Sorts the header, because `safetensors` changes the order each time."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    ordered = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    ordered += b" " * (-len(ordered) % 8)
    return len(ordered).to_bytes(8, "little") + ordered + file[8 + size :]


def images_file(images, labels):
    """Returns the bytes of a CSV file: the label, then the pixels row by row."""
    header = ["label", *(f"p{pixel}" for pixel in range(images.shape[1]))]
    rows = ([label, *image] for label, image in zip(labels, images))
    return "".join(",".join(map(str, row)) + "\n" for row in [header, *rows]).encode()


def expected_file(models, images, labels):
    """Returns scikit-learn's number of correct predictions, and logits of some images."""
    expected = {
        name: {
            "correct": int((model.predict(images) == labels).sum()),
            "logits": logits_of(model, images[:EXPECTED_IMAGES]).round(6).tolist(),
        }
        for name, (model, _) in models.items()
    }
    return (json.dumps(expected, sort_keys=True) + "\n").encode()


def make_files():
    """Trains everything and returns the bytes of every file, by path."""
    train_images, test_images, train_labels, test_labels = split_digits()
    models = train_all(scale(train_images), train_labels)
    files = {
        f"static/models/{name}.safetensors": model_file(name, model, description)
        for name, (model, description) in models.items()
    }
    files["static/data/digits.csv"] = images_file(test_images, test_labels)
    files["inference/tests/expected.json"] = expected_file(
        models, scale(test_images), test_labels
    )
    return files


def write(files):
    for path, content in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(content)
        print(f"{path}: {len(content)} bytes")


def check(files):
    """Exits with the name of the first file that differs."""
    for path, content in files.items():
        if not (ROOT / path).is_file():
            sys.exit(f"{path} is missing: run `python tools/train_digits.py`")
        if (ROOT / path).read_bytes() != content:
            versions = f"numpy {np.__version__} and scikit-learn {sklearn.__version__}"
            sys.exit(
                f"{path} differs from the result of {versions}: see tools/requirements.txt"
            )


def main():
    parser = argparse.ArgumentParser(description="Trains the digit classifiers.")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare with the files instead of writing them",
    )
    options = parser.parse_args()
    files = make_files()
    if options.check:
        check(files)
        print(f"{len(HIDDEN_LAYERS) + 1} models and {HOLD_OUT} images are the same")
    else:
        write(files)


if __name__ == "__main__":
    main()
