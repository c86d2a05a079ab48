#!/usr/bin/env python3
"""MNIST.npz holds the original digits, and make_mnist.py builds it."""
import argparse
import gzip
import hashlib
import os
import resource
import signal
import struct
import subprocess

import numpy as np
import pytest

from conftest import ROOT

make_mnist = __import__('make_mnist')
MAKE_MNIST = os.path.join(ROOT, 'data', 'make_mnist.py')
SHA256 = make_mnist.SHA256


def idx(array):
    """Return an array of bytes as an IDX file: magic, sizes, bytes."""
    header = struct.pack('>I', 0x800 + array.ndim)
    sizes = struct.pack('>{}I'.format(array.ndim), *array.shape)
    return header + sizes + array.tobytes()


@pytest.fixture(scope='module')
def originals(mnist):
    """Return the four IDX files, made from the arrays of MNIST.npz."""
    def pixels(name):
        """Return images as their original bytes; no pixel may be fractional.
        """
        scaled = mnist[name] * np.float64(256)
        assert (scaled == np.rint(scaled)).all()
        return scaled.astype(np.uint8)

    arrays = (np.concatenate((pixels('X_train'), pixels('X_valid'))),
              np.concatenate((mnist['Y_train'], mnist['Y_valid'])),
              pixels('X_test'), mnist['Y_test'])
    return {name: idx(array.astype(np.uint8))
            for name, array in zip(SHA256, arrays)}


def start(folder, output, **how):
    """Start make_mnist.py."""
    return subprocess.Popen(
        [MAKE_MNIST, str(folder), '--output', str(output)],
        stderr=subprocess.PIPE, universal_newlines=True,
        **dict({'stdout': subprocess.DEVNULL}, **how))


def make(folder, output, **how):
    """Run make_mnist.py; return its exit code and its complaint."""
    process = start(folder, output, **how)
    complaint = process.communicate()[1]
    return process.returncode, complaint


def full():
    """Let no file grow beyond 1 MiB, as on a disk that is nearly full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 ** 20, 2 ** 20))


def write(folder, files):
    """Write the files into a folder."""
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_shapes_and_dtypes(mnist):
    """The six arrays are as the course's drivers use them."""
    found = {name: (array.shape, str(array.dtype))
             for name, array in mnist.items()}
    assert found == {
        'X_train': ((50000, 28, 28), 'float32'),
        'X_valid': ((10000, 28, 28), 'float32'),
        'X_test': ((10000, 28, 28), 'float32'),
        'Y_train': ((50000,), 'int64'),
        'Y_valid': ((10000,), 'int64'),
        'Y_test': ((10000,), 'int64')}


def test_ten_digits_are_the_first(mnist):
    """The small file has the first ten training images, bit for bit."""
    with np.load(os.path.join(ROOT, 'data', 'ten.npz')) as lib:
        assert lib.files == ['X_train']
        ten = lib['X_train']
    assert ten.dtype == mnist['X_train'].dtype
    np.testing.assert_array_equal(ten, mnist['X_train'][:10])


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
    """Return the file with one pixel or label changed."""
    return content[:-1] + bytes([content[-1] ^ 1])


def cut_gzip(content):
    """Return a gzipped file without its end."""
    return gzip.compress(content, 1)[:-100]


def no_gzip(content):
    """Return something that is not a gzipped file."""
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


def test_a_full_disk_costs_no_file(originals, tmp_path):
    """One line says so; the old file is still there, and nothing else."""
    folder, npz = tmp_path / 'in', tmp_path / 'out' / 'MNIST.npz'
    folder.mkdir()
    npz.parent.mkdir()
    write(folder, originals)
    npz.write_text('old')
    code, complaint = make(folder, npz, preexec_fn=full)
    assert code == 1 and complaint.startswith(str(npz))
    assert complaint.count('\n') == 1
    assert os.listdir(str(npz.parent)) == ['MNIST.npz']
    assert npz.read_text() == 'old'


def test_an_output_stream_that_is_full(originals, tmp_path):
    """One line says so; the file is there."""
    write(tmp_path, originals)
    with open('/dev/full', 'w') as stream:
        code, complaint = make(tmp_path, tmp_path / 'npz', stdout=stream)
    assert code == 1 and complaint.startswith('standard output')
    assert complaint.count('\n') == 1
    assert (tmp_path / 'npz').exists()


def test_another_file_is_not_written_over(originals, tmp_path):
    """Even a file with the name of the unfinished output is not overwritten.
    """
    write(tmp_path, originals)
    (tmp_path / 'npz.partial').write_text('another')
    code, complaint = make(tmp_path, tmp_path / 'npz')
    assert code == 1 and 'npz.partial' in complaint
    assert complaint.count('\n') == 1
    assert (tmp_path / 'npz.partial').read_text() == 'another'
    assert not (tmp_path / 'npz').exists()


def test_a_link_to_a_file_stays_a_link(originals, tmp_path):
    """The file that the link points to is replaced."""
    write(tmp_path, originals)
    (tmp_path / 'npz').write_text('old')
    (tmp_path / 'link').symlink_to('npz')
    assert make(tmp_path, tmp_path / 'link') == (0, '')
    assert os.readlink(str(tmp_path / 'link')) == 'npz'
    with np.load(str(tmp_path / 'npz')) as lib:
        assert len(lib.files) == 6


@pytest.mark.parametrize('name', ['pipe', 'folder', 'device', 'dangling', '',
                                  'missing/'])
def test_what_is_no_file_is_not_replaced(originals, tmp_path, name):
    """One line names the option; everything stays as it was."""
    write(tmp_path, originals)
    os.mkfifo(str(tmp_path / 'pipe'))
    (tmp_path / 'folder').mkdir()
    # a link, so that a program that fails this test cannot replace the device
    (tmp_path / 'device').symlink_to('/dev/null')
    (tmp_path / 'dangling').symlink_to('missing')
    before = {entry.name: os.lstat(entry.path)[:2]
              for entry in os.scandir(str(tmp_path))}
    code, complaint = make(tmp_path, name, cwd=str(tmp_path))
    assert code == 2 and complaint.split('\n')[-2].endswith(
        'argument -o/--output: {!r} is not a regular file, expected one or a '
        'new name'.format(name))
    assert before == {entry.name: os.lstat(entry.path)[:2]
                      for entry in os.scandir(str(tmp_path))}


def test_a_device_is_refused():
    """A device is refused under its own name, too."""
    with pytest.raises(argparse.ArgumentTypeError, match="'/dev/null'"):
        make_mnist.output('/dev/null')


@pytest.mark.parametrize('signum, word', [
    (signal.SIGINT, 'Interrupted.\n'), (signal.SIGTERM, 'Terminated.\n')])
def test_an_early_end(originals, tmp_path, signum, word):
    """The program prints one word, and the output file is unchanged."""
    write(tmp_path, originals)
    last = list(SHA256)[-1]
    (tmp_path / last).unlink()
    os.mkfifo(str(tmp_path / last))
    (tmp_path / 'npz').write_text('old')
    process = start(tmp_path, tmp_path / 'npz')
    # this returns when the program has opened the pipe as well
    with open(str(tmp_path / last), 'w'):
        process.send_signal(signum)
        assert process.communicate()[1] == word
    assert process.returncode == -signum
    assert sorted(os.listdir(str(tmp_path))) == sorted(list(SHA256) + ['npz'])
    assert (tmp_path / 'npz').read_text() == 'old'
