#!/usr/bin/env python3
"""MNIST.npz holds the original digits, and make_mnist.py builds it."""
import gzip
import hashlib
import os
import resource
import signal
import struct

import numpy as np
import pytest

import lenet
from conftest import MAINS, ROOT, source, start
from make_mnist import SHA256

NAMES = list(SHA256)
PROGRAM = os.path.join(ROOT, 'data', 'make_mnist.py')


@pytest.fixture(scope='module')
def originals(mnist):
    """Return the four IDX files, made from the arrays of MNIST.npz."""
    arrays = [np.concatenate((mnist['X_train'], mnist['X_valid'])) * 256.,
              np.concatenate((mnist['Y_train'], mnist['Y_valid'])),
              mnist['X_test'] * 256., mnist['Y_test']]
    files = {name: struct.pack('>{}I'.format(1 + array.ndim),
                               0x800 + array.ndim, *array.shape) +
             array.astype(np.uint8).tobytes()
             for name, array in zip(NAMES, arrays)}
    assert SHA256 == {name: hashlib.sha256(content).hexdigest()
                      for name, content in files.items()}
    return files


@pytest.fixture
def folder(originals, tmp_path):
    """Return a folder that holds the four files in another, `idx`."""
    (tmp_path / 'idx').mkdir()
    for name, content in originals.items():
        (tmp_path / 'idx' / name).write_bytes(content)
    return tmp_path


def make(folder, output, meanwhile=lambda process: None, program=PROGRAM,
         stdout='/dev/null', **how):
    """Run make_mnist.py beside the folder; return exit code and complaint."""
    with open(stdout, 'w') as stream, start(
            program, 'idx', output, cwd=str(folder), stdout=stream,
            **how) as process:
        meanwhile(process)
        complaint = process.stderr.read()
    return process.returncode, complaint


def quick(folder):
    """Write a program that compresses nothing; return its path."""
    text, slow = source(PROGRAM), '_npz(_build(args.folder))'
    assert slow in text
    path = folder / 'idx' / 'quick.py'
    path.write_text(text.replace(slow, "b'new' * 2 ** 20"))
    return path


def test_shapes_and_dtypes(mnist):
    """The six arrays are as the course's drivers use them."""
    for part, n in ('train', 50000), ('valid', 10000), ('test', 10000):
        X, Y = mnist['X_' + part], mnist['Y_' + part]
        assert (X.shape, X.dtype) == ((n, 28, 28), np.float32)
        assert (Y.shape, Y.dtype) == ((n,), np.int64)


def test_ten_digits_are_the_first(mnist):
    """The small file has the first ten training images, bit for bit.

    The checker has their labels.
    """
    with np.load(os.path.join(ROOT, 'data', 'ten.npz')) as lib:
        assert lib.files == ['X_train']
        assert lib['X_train'].dtype == np.float32
        np.testing.assert_array_equal(lib['X_train'], mnist['X_train'][:10])
    np.testing.assert_array_equal(lenet.digits()[1].argmax(axis=1),
                                  mnist['Y_train'][:10])


def test_same_bytes_every_time(folder):
    """Raw or gzipped originals give the file that is in the repository."""
    for name in NAMES[:2]:
        path = folder / 'idx' / name
        packed = gzip.compress(path.read_bytes(), 1)
        path.with_name(name + '.gz').write_bytes(packed)
        path.unlink()
    assert make(folder, 'npz') == (0, '')
    with open(os.path.join(ROOT, 'data', 'MNIST.npz'), 'rb') as file:
        assert (folder / 'npz').read_bytes() == file.read()


@pytest.mark.parametrize('name, damage, ending', [
    (NAMES[0], lambda content: None, ''),
    (NAMES[1], lambda content: content[:-1], ''),
    (NAMES[2], lambda content: content[:-1] + bytes([content[-1] ^ 1]), ''),
    (NAMES[3], lambda content: gzip.compress(content, 1)[:-100], '.gz'),
    (NAMES[0], lambda content: b'not found', '.gz')],
    ids=['missing', 'cut', 'changed', 'cut gzip', 'no gzip'])
def test_a_wrong_file_is_named_and_nothing_written(
        originals, folder, name, damage, ending):
    """One line says which file is wrong."""
    (folder / 'idx' / name).unlink()
    if damage(originals[name]) is not None:
        (folder / 'idx' / (name + ending)).write_bytes(damage(originals[name]))
    code, complaint = make(folder, 'npz')
    assert (code, complaint.count('\n')) == (1, 1) and name in complaint
    assert os.listdir(str(folder)) == ['idx']


@pytest.mark.parametrize('limit, stdout, left', [
    (2 ** 20, '/dev/null', []), (-1, '/dev/full', ['npz'])],
    ids=['full disk', 'full output'])
def test_what_cannot_be_written(folder, limit, stdout, left):
    """One line says so; no file is cut."""
    code, complaint = make(
        folder, 'npz', stdout=stdout, program=quick(folder),
        env=dict(os.environ, PYTHONPATH=MAINS), preexec_fn=lambda:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert (code, complaint.count('\n')) == (1, 1)
    assert ('npz: ' if limit > 0 else 'space') in complaint
    assert [path.name for path in folder.glob('npz*')] == left
    assert all(path.read_text() == 'new' * 2 ** 20
               for path in folder.glob('npz'))


@pytest.mark.parametrize('name, said', [
    ('old', "'old' exists"), ('idx', "'idx' exists"),
    ('link', "'link' exists"), ('', 'No such file'),
    ('nowhere/npz', 'No such file')])
def test_no_file_is_lost(folder, name, said):
    """One line names what is in the way, or is not there."""
    (folder / 'old').write_text('old')
    (folder / 'link').symlink_to('nothing')
    code, complaint = make(folder, name, program=quick(folder),
                           env=dict(os.environ, PYTHONPATH=MAINS))
    assert code in (1, 2) and said in complaint.split('\n')[-2]
    assert sorted(os.listdir(str(folder))) == ['idx', 'link', 'old']
    assert (folder / 'old').read_text() == 'old'


@pytest.mark.parametrize('signum, word', [
    (signal.SIGINT, 'Interrupted.\n'), (signal.SIGTERM, '')])
def test_an_early_end(folder, signum, word):
    """The program says one word at most, and writes nothing."""
    (folder / 'idx' / NAMES[3]).unlink()
    os.mkfifo(str(folder / 'idx' / NAMES[3]))

    def meanwhile(process):
        """Send the signal when the program has opened the pipe as well."""
        with open(str(folder / 'idx' / NAMES[3]), 'w'):
            process.send_signal(signum)
            process.wait()

    assert make(folder, 'npz', meanwhile) == (-signum, word)
    assert os.listdir(str(folder)) == ['idx']
