#!/usr/bin/env python3
"""Build MNIST.npz from the four original IDX files.

An IDX file is a magic number, the size of each dimension (big-endian 32-bit
integers), then one byte per pixel or label. The 60,000 training images are
split in file order, 50,000 to learn from and 10,000 to validate with; pixels
become float32 fractions of 256, labels int64.

Nothing is written unless all four files are there and are the originals, byte
for byte (their SHA-256 says so).
"""
import argparse
import gzip
import hashlib
import io
import os
import sys
import zipfile
import zlib

import numpy as np

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
HERE = os.path.dirname(os.path.abspath(__file__))


def read_idx(folder, name):
    """Read one original IDX file.

    Parameters
    ----------
    folder : str
        Where the file is, either raw or gzipped (`name` + '.gz').
    name : str
        One of the names in `SHA256`.

    Returns
    -------
    numpy.ndarray of uint8
        (n, 28, 28) for images, (n,) for labels.

    Raises
    ------
    ValueError
        If the file is missing, unreadable, cut short or not the original.
    """
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        path += '.gz'
    try:
        opener = gzip.open if path.endswith('.gz') else open
        with opener(path, 'rb') as file:
            content = file.read()
    except FileNotFoundError:
        raise ValueError("{}: there is neither {} nor {}.gz".format(
            folder, name, name)) from None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("{}: cannot be read: {}".format(
            path, error)) from None
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ValueError(
            "{}: not the original {}: {} bytes with SHA-256 {}, expected {}"
            .format(path, name, len(content), found, SHA256[name]))
    ndim = content[3]
    shape = np.frombuffer(content, '>i4', ndim, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def build(folder):
    """Return the six arrays of MNIST.npz, in the order of the file.

    Parameters
    ----------
    folder : str
        Where the four IDX files are.

    Returns
    -------
    dict of str to numpy.ndarray
        `X_*` of shape (n, 28, 28), float32; `Y_*` of shape (n,), int64.

    Raises
    ------
    ValueError
        As `read_idx`.
    """
    X, Y, X_test, Y_test = (read_idx(folder, name) for name in SHA256)
    # a division by a power of two is exact: no pixel is rounded
    X, X_test = X / np.float32(256), X_test / np.float32(256)
    Y, Y_test = Y.astype(np.int64), Y_test.astype(np.int64)
    return {'X_train': X[:50000], 'Y_train': Y[:50000],
            'X_valid': X[50000:], 'Y_valid': Y[50000:],
            'X_test': X_test, 'Y_test': Y_test}


def write_npz(path, arrays):
    """Write arrays as a compressed npz file, the same bytes every time.

    `numpy.savez_compressed` leaves the zip headers to the version of Python;
    here they are spelled out: one date, one system, the sizes known.

    Parameters
    ----------
    path : str
        The file to write.
    arrays : dict of str to numpy.ndarray
        What to write, in this order.
    """
    with zipfile.ZipFile(path, 'w') as archive:
        for name, array in arrays.items():
            npy = io.BytesIO()
            np.save(npy, array, allow_pickle=False)
            info = zipfile.ZipInfo(name + '.npy', (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, npy.getvalue())


def main():
    """Build the file that the command line asks for."""
    parser = argparse.ArgumentParser(
        description='Build MNIST.npz from the four original IDX files.')
    parser.add_argument('folder', metavar='DIR',
                        help='where the IDX files are, raw or .gz')
    parser.add_argument('-o', '--output', metavar='FILE',
                        default=os.path.join(HERE, 'MNIST.npz'),
                        help='what to write (default: %(default)s)')
    args = parser.parse_args()
    try:
        arrays = build(args.folder)
    except ValueError as error:
        sys.exit(str(error))
    # a run that is interrupted must not leave half a file under the real name
    partial = args.output + '.partial'
    try:
        write_npz(partial, arrays)
        os.replace(partial, args.output)
    except OSError as error:
        sys.exit("{}: cannot be written: {}".format(args.output, error))
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    print(args.output)


if __name__ == '__main__':
    main()
