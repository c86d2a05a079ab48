#!/usr/bin/env python3
"""Build MNIST.npz from the four original IDX files.

    data/make_mnist.py DIR FILE

An IDX file is a magic number, the size of each dimension (big-endian 32-bit
integers), and one byte per pixel or label. The 60,000 training images are
split in file order: 50,000 to train on and 10,000 to validate on. Pixels are
divided by 256 and become float32; labels become int64.

Nothing is written unless all four files exist and are the originals, byte for
byte (their SHA-256 says so). Nothing is overwritten.
"""
import argparse
import gzip
import hashlib
import io
import os
import sys
import zipfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, 'mains'))
import surroundings  # noqa: E402
if __name__ == '__main__':
    surroundings.prepare()
import numpy as np  # noqa: E402

SHA256 = {
    'train-images-idx3-ubyte':
    'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte':
    '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte':
    '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte':
    'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}


def _read(folder, name):
    """Return one original IDX file, raw or gzipped, as an array of uint8."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        path += '.gz'
    try:
        with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as file:
            content = file.read()
    except FileNotFoundError:
        sys.exit(f"{folder}: there is neither {name} nor {name}.gz")
    except (OSError, EOFError, zlib.error) as error:
        sys.exit(f"{path}: cannot be read: {error}")
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        sys.exit(f'{path}: not the original {name}: {len(content)} bytes with '
                 f'SHA-256 {found}, expected {SHA256[name]}')
    ndim = content[3]
    shape = np.frombuffer(content, '>i4', ndim, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def _build(folder):
    """Return the six arrays of MNIST.npz, in the order of the file."""
    X, Y, X_test, Y_test = (_read(folder, name) for name in SHA256)
    # division by a power of two is exact: no pixel is rounded
    X, X_test = X / np.float32(256), X_test / np.float32(256)
    Y, Y_test = Y.astype(np.int64), Y_test.astype(np.int64)
    return {'X_train': X[:50000], 'Y_train': Y[:50000],
            'X_valid': X[50000:], 'Y_valid': Y[50000:],
            'X_test': X_test, 'Y_test': Y_test}


def _npz(arrays):
    """Return the content of a compressed npz file, the same bytes every time.

    `numpy.savez_compressed` leaves the zip headers to the version of Python;
    here they are spelled out: one date, one system, the sizes known.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w') as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + '.npy', (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            with archive.open(info, 'w') as npy:
                np.save(npy, array, allow_pickle=False)
    return content.getvalue()


def _write(path, content):
    """Write a new file; if the disk is full, leave none."""
    file = open(path, 'xb')     # does not overwrite anybody's file
    try:
        with file:
            file.write(content)
    except OSError:
        os.remove(path)
        raise


def main():
    """Build the file that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('folder', metavar='DIR',
                        help='where the IDX files are, raw or .gz')
    parser.add_argument('output', metavar='FILE',
                        help='what to write; there must be no such file')
    args = parser.parse_args()
    if os.path.lexists(args.output):
        parser.error(f'{args.output!r} exists, expected a new name')
    content = _npz(_build(args.folder))
    try:
        _write(args.output, content)
    except OSError as error:
        sys.exit(f"{args.output}: cannot be written: {error}")
    print(args.output)


if __name__ == '__main__':
    main()
