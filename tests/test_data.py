#!/usr/bin/env python3
"""MNIST.npz holds the original digits, and make_mnist.py builds it."""
import gzip
import hashlib
import os
import struct
import subprocess

import numpy as np
import pytest

from conftest import ROOT
from make_mnist import SHA256

MAKE_MNIST = os.path.join(ROOT, 'data', 'make_mnist.py')


def idx(array):
    """Return an array of bytes as an IDX file: magic, sizes, bytes."""
    header = struct.pack('>I', 0x800 + array.ndim)
    sizes = struct.pack('>{}I'.format(array.ndim), *array.shape)
    return header + sizes + array.tobytes()


@pytest.fixture(scope='module')
def originals(mnist):
    """Return the four IDX files, made from the arrays of MNIST.npz."""
    def pixels(name):
        """Return images as the bytes that they were; none may be between."""
        scaled = mnist[name] * np.float64(256)
        assert (scaled == np.rint(scaled)).all()
        return scaled.astype(np.uint8)

    arrays = (np.concatenate((pixels('X_train'), pixels('X_valid'))),
              np.concatenate((mnist['Y_train'], mnist['Y_valid'])),
              pixels('X_test'), mnist['Y_test'])
    return {name: idx(array.astype(np.uint8))
            for name, array in zip(SHA256, arrays)}


def make(folder, output):
    """Run make_mnist.py; return its exit code and what it complained of."""
    result = subprocess.run(
        [MAKE_MNIST, str(folder), '--output', str(output)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True)
    return result.returncode, result.stderr


def write(folder, files):
    """Write the files into a folder."""
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_shapes_and_dtypes(mnist):
    """The six arrays, as the course's drivers use them."""
    found = {name: (array.shape, str(array.dtype))
             for name, array in mnist.items()}
    assert found == {
        'X_train': ((50000, 28, 28), 'float32'),
        'X_valid': ((10000, 28, 28), 'float32'),
        'X_test': ((10000, 28, 28), 'float32'),
        'Y_train': ((50000,), 'int64'),
        'Y_valid': ((10000,), 'int64'),
        'Y_test': ((10000,), 'int64')}


def test_pixels_are_the_originals(originals):
    """The bytes behind the arrays have the published SHA-256."""
    for name, content in originals.items():
        assert hashlib.sha256(content).hexdigest() == SHA256[name]


def test_same_bytes_every_time(originals, tmp_path):
    """Raw or gzipped originals give the file that is in the repository."""
    raw, gzipped = tmp_path / 'raw', tmp_path / 'gzipped'
    raw.mkdir()
    gzipped.mkdir()
    write(raw, originals)
    write(gzipped, {name + '.gz': gzip.compress(content, 1)
                    for name, content in originals.items()})
    assert make(raw, tmp_path / 'a.npz') == (0, '')
    assert make(gzipped, tmp_path / 'b.npz') == (0, '')
    content = (tmp_path / 'a.npz').read_bytes()
    assert content == (tmp_path / 'b.npz').read_bytes()
    with open(os.path.join(ROOT, 'data', 'MNIST.npz'), 'rb') as file:
        assert content == file.read()


def missing(content):
    """Return nothing: the file is not there."""
    return None


def cut(content):
    """Return the file without its end."""
    return content[:-1]


def changed(content):
    """Return the file with one pixel or label made another."""
    return content[:-1] + bytes([content[-1] ^ 1])


def cut_gzip(content):
    """Return a gzipped file without its end."""
    return gzip.compress(content, 1)[:-100]


def no_gzip(content):
    """Return what is no gzipped file at all."""
    return b'not found'


@pytest.mark.parametrize('name', list(SHA256))
@pytest.mark.parametrize('damage, ending', [
    (missing, ''), (cut, ''), (changed, ''), (cut_gzip, '.gz'),
    (no_gzip, '.gz')])
def test_a_wrong_file_is_named_and_nothing_written(
        originals, tmp_path, name, damage, ending):
    """One line says which file is wrong; the output folder stays empty."""
    folder, output = tmp_path / 'in', tmp_path / 'out'
    folder.mkdir()
    output.mkdir()
    write(folder, {n: c for n, c in originals.items() if n != name})
    damaged = damage(originals[name])
    if damaged is not None:
        write(folder, {name + ending: damaged})
    code, complaint = make(folder, output / 'MNIST.npz')
    assert code == 1
    assert name in complaint and complaint.count('\n') == 1
    assert 'Traceback' not in complaint
    assert os.listdir(str(output)) == []


def test_an_output_that_cannot_be_written(originals, tmp_path):
    """A folder that does not exist is named, without a traceback."""
    write(tmp_path, originals)
    code, complaint = make(tmp_path, tmp_path / 'nowhere' / 'MNIST.npz')
    assert code == 1 and 'nowhere' in complaint
    assert complaint.count('\n') == 1
